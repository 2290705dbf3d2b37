package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.util.List;
import java.util.Locale;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Parses records into documents; those that are invalid become dead letters. While a server that is
 * needed to decode a record is unavailable, the operator waits.
 */
final class ParseOperator extends InputOperator<SourceRecord, Document> {

    private static final long serialVersionUID = 1L;

    private final RecordFormat format;
    private final DocumentMapping mapping;
    private final long maxRecordBytes;

    private transient DocumentParser parser;
    private transient MappingCheck check;
    private transient LongCounter parsed;
    private transient DeadLetters deadLetters;

    /**
     * @param source the name of the source in metrics
     */
    ParseOperator(
            String source, RecordFormat format, DocumentMapping mapping, long maxRecordBytes) {
        super(source);
        this.format = format;
        this.mapping = mapping;
        this.maxRecordBytes = maxRecordBytes;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        check = new MappingCheck(context.isRestored());
    }

    @Override
    public void open() throws Exception {
        super.open();
        parser = new DocumentParser(format, mapping, maxRecordBytes);
        parsed = getRuntimeContext().getLongCounter(Counters.PARSED);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void close() throws Exception {
        super.close();
        if (parser != null) {
            parser.close();
        }
    }

    @Override
    public void processElement(StreamRecord<SourceRecord> element) throws InterruptedException {
        SourceRecord record = element.getValue();
        List<SourceRecord> parts;
        try {
            parts = ServerWaiter.await(() -> parser.split(record));
        } catch (InvalidRecordException e) {
            countRead();
            reject(record, e);
            return;
        }
        if (parts.isEmpty()) {
            countRead();
        }
        for (SourceRecord part : parts) {
            parse(part);
        }
    }

    private void parse(SourceRecord record) throws InterruptedException {
        countRead();
        Document document;
        try {
            document = ServerWaiter.await(() -> parser.parse(record));
        } catch (InvalidRecordException e) {
            reject(record, e);
            return;
        }
        check.accepted();
        parsed.add(1);
        output.collect(new StreamRecord<>(document, timeOf(record)));
    }

    /** The time from which the freshness of the document counts, in milliseconds. */
    private static long timeOf(SourceRecord record) {
        return record.timestamp() > 0 ? record.timestamp() : System.currentTimeMillis();
    }

    private void reject(SourceRecord record, InvalidRecordException e) {
        countError();
        check.rejected(record, e);
        report(
                deadLetters.write(
                        record,
                        e.getClass(),
                        new Reason(
                                e.reason().name().toLowerCase(Locale.ROOT),
                                e.summary(),
                                e.reason().hint()),
                        e.detail()));
    }
}
