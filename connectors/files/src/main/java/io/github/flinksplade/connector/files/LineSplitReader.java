package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.files.LineSourceReader.Line;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads files one after the other, in batches of lines. */
final class LineSplitReader implements SplitReader<Line, FileSplit> {

    private static final Logger LOG = LoggerFactory.getLogger(LineSplitReader.class);

    private static final int BATCH_LINES = 512;
    private static final int BATCH_BYTES = 1 << 20;
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.UTF_8);

    private final FileFormat format;
    private final int maxLine;
    private final boolean isWatched;
    private final ArrayDeque<FileSplit> waiting = new ArrayDeque<>();

    /** The file being read, or null. */
    private FileSplit split;

    private FileContent content;
    private LineReader lines;

    /**
     * @param format of the files
     * @param maxLine max size of a line in bytes
     * @param isWatched whether files may be removed or changed while they are read; they are read
     *     again when they are found again
     */
    LineSplitReader(FileFormat format, int maxLine, boolean isWatched) {
        this.format = format;
        this.maxLine = maxLine;
        this.isWatched = isWatched;
    }

    @Override
    public void handleSplitsChanges(SplitsChange<FileSplit> change) {
        waiting.addAll(change.splits());
    }

    @Override
    public RecordsWithSplitIds<Line> fetch() throws IOException {
        RecordsBySplits.Builder<Line> batch = new RecordsBySplits.Builder<>();
        if (split == null) {
            split = waiting.poll();
        }
        if (split == null) {
            return batch.build();
        }
        boolean more;
        try {
            more = readInto(batch);
        } catch (IOException e) {
            boolean changed = isChangedOrRemoved();
            if (!isWatched || !changed) {
                throw failure(split.path(), e, changed);
            }
            LOG.warn(
                    "{} was changed or removed while it was read ({}). It will be read again when"
                            + " it is found again.",
                    split.path(),
                    FilePattern.reason(e));
            more = false;
        }
        if (!more) {
            batch.addFinishedSplit(split.path());
            split = null;
            close();
        }
        return batch.build();
    }

    /** Returns false at the end of the file. */
    private boolean readInto(RecordsBySplits.Builder<Line> batch) throws IOException {
        if (lines == null) {
            open();
        }
        int bytes = 0;
        for (int count = 0; count < BATCH_LINES && bytes < BATCH_BYTES; ) {
            if (!lines.next() || split.isGrowing() && !lines.isTerminated()) {
                return false;
            }
            if (!isBlank(lines.line())) {
                batch.add(split.path(), new Line(record(), rest()));
                count++;
            }
            bytes += lines.line().length + 1;
        }
        return true;
    }

    /**
     * Corrupt content that does not change and missing permissions are permanent failures, because
     * a restart does not help. All other failures may be temporary, such as an error of a disk or
     * network file system, or a file that is being replaced.
     */
    static ConnectorException failure(String path, IOException e, boolean changed) {
        String message = "cannot read " + path + ": " + FilePattern.reason(e);
        if (e instanceof CorruptFileException && !changed) {
            return new PermanentFailureException(
                    message + ". Replace the file and start the job again", e);
        }
        if (e instanceof AccessDeniedException) {
            return new PermanentFailureException(
                    message + ". Make it readable and start the job again", e);
        }
        return new ConnectorException(message, e);
    }

    /** Whether the current file is no longer what was opened. */
    private boolean isChangedOrRemoved() {
        try {
            FileVersion now = FileVersion.of(Path.of(split.path()));
            return content != null && !now.equals(content.version());
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            return false; // report the failure to read the file instead
        }
    }

    private SourceRecord record() {
        byte[] key = null;
        if (format == FileFormat.TEXT) {
            key = (split.name() + ":" + (lines.number() + 1)).getBytes(StandardCharsets.UTF_8);
        }
        return lines.isTruncated()
                ? new SourceRecord(
                        split.path(),
                        0,
                        lines.number(),
                        SourceRecord.NO_TIMESTAMP,
                        key,
                        lines.line(),
                        new String[] {FilesConnector.HEADER_TRUNCATED_LINE},
                        new byte[][] {TRUE})
                : SourceRecord.of(split.path(), lines.number(), key, lines.line());
    }

    /** Whether the line consists of ASCII white space. Any other character is text. */
    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && (b < '\t' || b > '\r')) {
                return false;
            }
        }
        return true;
    }

    private FileSplit rest() {
        return split.from(lines.offset(), lines.number() + 1, content);
    }

    /** Opens the file at the position of the split, or at its start if the file has changed. */
    private void open() throws IOException {
        Path path = Path.of(split.path());
        content = null;
        FileVersion version = FileVersion.of(path);
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            content = FileContent.of(version, file);
            InputStream in = null;
            if (split.offset() > 0) {
                in = content.equals(split.content()) ? resume(file) : null;
                if (in == null) {
                    LOG.warn(
                            "{} has changed since {} bytes of it were read. Reading it again from"
                                    + " its start.",
                            path,
                            split.offset());
                    split = split.restarted();
                }
            }
            if (in == null) {
                file.position(0);
                in = compression().decompress(Channels.newInputStream(file));
            }
            lines = new LineReader(in, split.offset(), split.line(), maxLine);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * The file after the split's position; null if that is neither after a line feed nor the end of
     * the file.
     */
    private InputStream resume(FileChannel file) throws IOException {
        InputStream in;
        if (compression() == Compression.NONE) {
            if (file.size() < split.offset()) {
                return null;
            }
            file.position(split.offset() - 1);
            in = Channels.newInputStream(file);
        } else {
            in = compression().decompress(Channels.newInputStream(file));
            try {
                in.skipNBytes(split.offset() - 1);
            } catch (EOFException e) {
                return null;
            }
        }
        int last = in.read();
        return last == '\n' || last >= 0 && in.read() < 0 ? in : null;
    }

    private Compression compression() {
        return Compression.of(split.path());
    }

    @Override
    public void wakeUp() {
        // reading a batch is fast
    }

    @Override
    public void close() throws IOException {
        if (lines != null) {
            lines.close();
            lines = null;
        }
    }
}
