package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.KeyFormat;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.UnreadableRecordException;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.Locale;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Parses records into documents; those that are invalid become dead letters. */
final class ParseOperator extends InputOperator<SourceRecord, Document> {

    private static final long serialVersionUID = 1L;

    private final RecordFormat format;
    private final KeyFormat keyFormat;
    private final long maxRecordBytes;
    private final String versionField;

    private transient DocumentParser parser;
    private transient Count parsed;
    private transient DeadLetters deadLetters;

    ParseOperator(
            RecordFormat format, KeyFormat keyFormat, long maxRecordBytes, String versionField) {
        this.format = format;
        this.keyFormat = keyFormat;
        this.maxRecordBytes = maxRecordBytes;
        this.versionField = versionField;
    }

    @Override
    public void open() throws Exception {
        super.open();
        parser = new DocumentParser(format, keyFormat, maxRecordBytes, versionField);
        parsed = new Count(getRuntimeContext(), Counters.PARSED);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void processElement(StreamRecord<SourceRecord> element) {
        countRead();
        SourceRecord record = element.getValue();
        Document document;
        try {
            document = parser.parse(record);
        } catch (UnreadableRecordException e) {
            report(
                    deadLetters.write(
                            record,
                            e.getClass(),
                            new Reason(
                                    e.reason().name().toLowerCase(Locale.ROOT),
                                    e.summary(),
                                    e.reason().hint()),
                            e.detail()));
            return;
        }
        parsed.increment();
        output.collect(new StreamRecord<>(document));
    }
}
