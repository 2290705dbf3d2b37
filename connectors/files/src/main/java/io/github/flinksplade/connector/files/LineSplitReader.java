package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.files.LineSourceReader.Line;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;

/** Reads files into records, one file after the other, a batch of lines at a time. */
final class LineSplitReader implements SplitReader<Line, FileSplit> {

    private static final int BATCH_LINES = 512;
    private static final int BATCH_BYTES = 1 << 20;
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.UTF_8);

    private final RecordFormat format;
    private final int maxLine;
    private final ArrayDeque<FileSplit> waiting = new ArrayDeque<>();

    /** The file being read, or null. */
    private FileSplit split;

    private LineReader lines;

    LineSplitReader(RecordFormat format, int maxLine) {
        this.format = format;
        this.maxLine = maxLine;
    }

    @Override
    public void handleSplitsChanges(SplitsChange<FileSplit> change) {
        waiting.addAll(change.splits());
    }

    @Override
    public RecordsWithSplitIds<Line> fetch() {
        RecordsBySplits.Builder<Line> batch = new RecordsBySplits.Builder<>();
        if (split == null) {
            split = waiting.poll();
        }
        if (split == null) {
            return batch.build();
        }
        try {
            if (lines == null) {
                lines = open(split);
            }
            int bytes = 0;
            for (int count = 0; count < BATCH_LINES && bytes < BATCH_BYTES; ) {
                if (!lines.next()) {
                    lines.close();
                    batch.addFinishedSplit(split.path());
                    lines = null;
                    split = null;
                    break;
                }
                if (!isBlank(lines.line())) {
                    batch.add(split.path(), new Line(record(), lines.offset()));
                    count++;
                }
                bytes += lines.line().length + 1;
            }
            return batch.build();
        } catch (IOException e) {
            throw new ConnectorException(
                    "cannot read " + split.path() + ": " + FilePattern.reason(e), e);
        }
    }

    private SourceRecord record() {
        byte[] key = null;
        if (format == RecordFormat.TEXT) {
            key = (split.name() + ":" + (lines.number() + 1)).getBytes(StandardCharsets.UTF_8);
        }
        return lines.truncated()
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

    /** White space of ASCII only: what is more is text, if not much. */
    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && (b < '\t' || b > '\r')) {
                return false;
            }
        }
        return true;
    }

    private LineReader open(FileSplit split) throws IOException {
        FileChannel file = FileChannel.open(Path.of(split.path()), StandardOpenOption.READ);
        try {
            Compression compression = Compression.of(split.path());
            InputStream in;
            if (split.offset() == 0) {
                in = compression.unpack(Channels.newInputStream(file));
            } else if (compression == Compression.NONE) {
                if (file.size() < split.offset()) {
                    throw changed(split);
                }
                file.position(split.offset() - 1);
                in = Channels.newInputStream(file);
                requireEndOfLine(in, split);
            } else {
                in = compression.unpack(Channels.newInputStream(file));
                try {
                    in.skipNBytes(split.offset() - 1);
                } catch (EOFException e) {
                    throw in.read() < 0 ? changed(split) : e;
                }
                requireEndOfLine(in, split);
            }
            return new LineReader(in, split.offset(), split.line(), maxLine);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** A position of a checkpoint is behind a line feed, or at the end of the file. */
    private static void requireEndOfLine(InputStream in, FileSplit split) throws IOException {
        int last = in.read();
        if (last < 0 || last != '\n' && in.read() >= 0) {
            throw changed(split);
        }
    }

    private static IOException changed(FileSplit split) {
        return new IOException(
                "no line ends at byte "
                        + split.offset()
                        + ", where the checkpoint goes on; the file is not the one that was read."
                        + " Put it back, or start without the saved state");
    }

    @Override
    public void wakeUp() {
        // reading a batch takes no long time
    }

    @Override
    public void close() throws IOException {
        if (lines != null) {
            lines.close();
        }
    }
}
