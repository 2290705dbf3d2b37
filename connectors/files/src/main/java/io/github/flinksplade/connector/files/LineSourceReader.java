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
final class LineSourceReader
        extends SingleThreadMultiplexSourceReaderBase<
                LineSourceReader.Line, SourceRecord, FileSplit, LineSourceReader.Progress> {

    /**
     * A line of a file.
     *
     * @param record the record to emit
     * @param rest the remainder of the file after the line
     */
    record Line(SourceRecord record, FileSplit rest) {}

    /** The position up to which a file has been emitted. */
    static final class Progress {

        private FileSplit split;

        private Progress(FileSplit split) {
            this.split = split;
        }
    }

    LineSourceReader(
            Supplier<SplitReader<Line, FileSplit>> splitReader, SourceReaderContext context) {
        super(
                splitReader,
                (line, output, progress) -> {
                    output.collect(line.record());
                    progress.split = line.rest();
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
