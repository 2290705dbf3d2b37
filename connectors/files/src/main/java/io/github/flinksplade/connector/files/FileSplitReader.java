package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.files.FilesSourceReader.PositionedRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads files one after the other, in batches of records. */
final class FileSplitReader implements SplitReader<PositionedRecord, FileSplit> {

    private static final Logger LOG = LoggerFactory.getLogger(FileSplitReader.class);

    private static final int BATCH_RECORDS = 512;
    private static final int BATCH_BYTES = 1 << 20;
    private static final byte[] TRUE = "true".getBytes(StandardCharsets.UTF_8);

    private final ReadSettings settings;
    private final boolean isWatched;
    private final ArrayDeque<FileSplit> waiting = new ArrayDeque<>();

    /** The file being read, or null. */
    private FileSplit split;

    private FileContent content;
    private RecordSplitter records;

    /**
     * @param isWatched whether files may be removed or changed while they are read; they are read
     *     again when they are found again
     */
    FileSplitReader(ReadSettings settings, boolean isWatched) {
        this.settings = settings;
        this.isWatched = isWatched;
    }

    @Override
    public void handleSplitsChanges(SplitsChange<FileSplit> change) {
        waiting.addAll(change.splits());
    }

    @Override
    public RecordsWithSplitIds<PositionedRecord> fetch() throws IOException {
        RecordsBySplits.Builder<PositionedRecord> batch = new RecordsBySplits.Builder<>();
        if (split == null) {
            split = waiting.poll();
        }
        if (split == null) {
            return batch.build();
        }
        boolean more;
        try {
            more = split.isDeleted() ? delete(batch) : readInto(batch);
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
    private boolean readInto(RecordsBySplits.Builder<PositionedRecord> batch) throws IOException {
        if (records == null) {
            open();
        }
        int bytes = 0;
        for (int count = 0; count < BATCH_RECORDS && bytes < BATCH_BYTES; ) {
            if (!records.next() || split.isGrowing() && !records.isTerminated()) {
                return false;
            }
            if (!settings.isLines() || !WindowSplitter.isBlank(records.record())) {
                batch.add(
                        split.path(),
                        new PositionedRecord(record(), split.from(records.end(), content)));
                count++;
            }
            bytes += records.record().length + 1;
        }
        return true;
    }

    /** Adds the delete of the document that the file was. Returns false: there is nothing else. */
    private boolean delete(RecordsBySplits.Builder<PositionedRecord> batch) {
        if (split.position().equals(Position.START)) {
            byte[] key = split.name().getBytes(StandardCharsets.UTF_8);
            batch.add(
                    split.path(),
                    new PositionedRecord(
                            SourceRecord.of(split.path(), 0, key, null),
                            split.from(new Position(0, 1, false), null)));
        }
        return false;
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
                    message
                            + (RemoteFiles.isRemote(path)
                                    ? ". " + RemoteFiles.DENIED_HINT
                                    : ". Make it readable")
                            + " and start the job again",
                    e);
        }
        return new ConnectorException(message, e);
    }

    /** Whether the current file is no longer what was opened. */
    private boolean isChangedOrRemoved() {
        try {
            FileVersion now = FileStorage.of(split.path()).version(split.path());
            return content != null && !now.equals(content.version());
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException | ConnectorException e) {
            return false; // report the failure to read the file instead
        }
    }

    private SourceRecord record() {
        List<String> names = new ArrayList<>(0);
        List<byte[]> values = new ArrayList<>(0);
        if (records.isTruncated()) {
            names.add(FilesConnector.HEADER_TRUNCATED_LINE);
            values.add(TRUE);
        }
        if (records.headerRow() != null) {
            names.add(FilesConnector.HEADER_CSV);
            values.add(records.headerRow());
        }
        return new SourceRecord(
                split.path(),
                0,
                records.number(),
                SourceRecord.NO_TIMESTAMP,
                key(),
                records.record(),
                names.toArray(String[]::new),
                values.toArray(byte[][]::new));
    }

    private byte[] key() {
        String key =
                switch (settings.format()) {
                    case TEXT -> split.name() + ":" + (records.number() + 1);
                    case FILE -> split.name();
                    default -> null;
                };
        return key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    }

    /** Opens the file at the position of the split, or at its start if the file has changed. */
    private void open() throws IOException {
        String path = split.path();
        content = null;
        FileVersion version = FileStorage.of(path).version(path);
        FileStorage.OpenFile file = FileStorage.of(path).open(path);
        try {
            content = FileContent.of(version, file);
            byte[] headerRow = null;
            DecodedFile decoded = null;
            if (split.position().offset() > 0) {
                if (content.equals(split.content())) {
                    headerRow = headerRow(path);
                    decoded = resume(file);
                }
                if (decoded == null) {
                    LOG.warn(
                            "{} has changed since {} bytes of it were read. Reading it again from"
                                    + " its start.",
                            path,
                            split.position().offset());
                    split = split.restarted();
                    headerRow = null;
                }
            }
            if (decoded == null) {
                decoded = decoded(file, 0);
            }
            records =
                    settings.splitter(
                            decoded.in(), split.position(), decoded.startsLine(), headerRow);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The header of a file of cells; null without one. */
    private byte[] headerRow(String path) throws IOException {
        return settings.hasHeader() ? settings.headerRow(path) : null;
    }

    /** The file after the split's position; null if no record ends there. */
    private DecodedFile resume(FileStorage.OpenFile file) throws IOException {
        DecodedFile decoded = decoded(file, split.position().offset());
        // records of JSON end anywhere, and those of other formats with a line feed or the file
        boolean endsRecord =
                decoded == null
                        || decoded.startsLine()
                        || settings.format() == FileFormat.JSON
                        || settings.format() == FileFormat.FILE
                        || decoded.in().read() < 0;
        return endsRecord ? decoded : null;
    }

    private DecodedFile decoded(FileStorage.OpenFile file, long offset) throws IOException {
        return settings.decoded(file, split.path(), offset);
    }

    @Override
    public void wakeUp() {
        // reading a batch is fast
    }

    @Override
    public void close() throws IOException {
        if (records != null) {
            records.close();
            records = null;
        }
    }
}
