package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.SourceRecord;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;

/** Requests one file after the other and keeps the position in the current one. */
@SuppressWarnings(
        "try") // close() of the base class declares an Exception, which may be an interrupt
final class FilesSourceReader
        extends SingleThreadMultiplexSourceReaderBase<
                FilesSourceReader.PositionedRecord,
                SourceRecord,
                FileSplit,
                FilesSourceReader.Progress> {

    /**
     * A record of a file and the position after it.
     *
     * @param record the record to emit
     * @param rest the remainder of the file after the record
     */
    record PositionedRecord(SourceRecord record, FileSplit rest) {}

    /** The position up to which a file has been emitted. */
    static final class Progress {

        private FileSplit split;

        private Progress(FileSplit split) {
            this.split = split;
        }
    }

    FilesSourceReader(
            Supplier<SplitReader<PositionedRecord, FileSplit>> splitReader,
            SourceReaderContext context) {
        super(
                splitReader,
                (record, output, progress) -> {
                    output.collect(record.record());
                    progress.split = record.rest();
                },
                context.getConfiguration(),
                context);
    }

    @Override
    public void start() {
        super.start();
        if (getNumberOfCurrentlyAssignedSplits() == 0) {
            context.sendSplitRequest();
        }
    }

    @Override
    protected void onSplitFinished(Map<String, Progress> finished) {
        context.sendSplitRequest();
    }

    @Override
    protected Progress initializedState(FileSplit split) {
        return new Progress(split);
    }

    @Override
    protected FileSplit toSplitType(String splitId, Progress progress) {
        return progress.split;
    }
}
