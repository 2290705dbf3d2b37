package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.util.Collector;

/**
 * Parses the records that the job has not read. Invalid ones are reported where all records are
 * read.
 */
final class UnreadFunction extends RichFlatMapFunction<SourceRecord, VerifiedDocument> {

    private static final long serialVersionUID = 1L;

    private final RecordFormat format;
    private final DocumentMapping mapping;
    private final long maxRecordBytes;

    private transient DocumentParser parser;

    UnreadFunction(RecordFormat format, DocumentMapping mapping, long maxRecordBytes) {
        this.format = format;
        this.mapping = mapping;
        this.maxRecordBytes = maxRecordBytes;
    }

    @Override
    public void open(OpenContext context) {
        parser = new DocumentParser(format, mapping, maxRecordBytes);
    }

    @Override
    public void flatMap(SourceRecord record, Collector<VerifiedDocument> out)
            throws InterruptedException {
        try {
            for (SourceRecord part : ServerWaiter.await(() -> parser.split(record))) {
                out.collect(
                        new VerifiedDocument(ServerWaiter.await(() -> parser.parse(part)), true));
            }
        } catch (InvalidRecordException e) {
            return; // reported where all records are read
        }
    }

    @Override
    public void close() {
        if (parser != null) {
            parser.close();
        }
    }
}
