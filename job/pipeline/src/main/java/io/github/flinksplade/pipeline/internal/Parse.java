package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.DocumentParser;
import io.github.flinksplade.pipeline.UnreadableRecordException;
import java.util.Locale;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Records become documents, or dead letters. */
final class Parse extends ProcessFunction<SourceRecord, Document> {

    private static final long serialVersionUID = 1L;

    private final RecordFormat format;
    private final long maxRecordBytes;

    private transient DocumentParser parser;
    private transient Count read;
    private transient Count parsed;
    private transient DeadLetterOffice deadLetters;

    Parse(RecordFormat format, long maxRecordBytes) {
        this.format = format;
        this.maxRecordBytes = maxRecordBytes;
    }

    @Override
    public void open(OpenContext openContext) {
        parser = new DocumentParser(format, maxRecordBytes);
        read = new Count(getRuntimeContext(), Counters.READ);
        parsed = new Count(getRuntimeContext(), Counters.PARSED);
        deadLetters = new DeadLetterOffice(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void processElement(SourceRecord record, Context context, Collector<Document> out) {
        read.increment();
        Document document;
        try {
            document = parser.parse(record);
        } catch (UnreadableRecordException e) {
            context.output(
                    DeadLetterOffice.OUTPUT,
                    deadLetters.write(
                            record,
                            e.getClass(),
                            e.reason().name().toLowerCase(Locale.ROOT),
                            e.getMessage()));
            return;
        }
        parsed.increment();
        out.collect(document);
    }
}
