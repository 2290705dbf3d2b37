package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Target;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Counters;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Keeps from a target what it could never accept. */
final class TargetCheck extends ProcessFunction<VectorRecord, VectorRecord> {

    private static final long serialVersionUID = 1L;

    private final String name;
    private final Target target;

    private transient Count written;
    private transient DeadLetterOffice deadLetters;

    TargetCheck(String name, Target target) {
        this.name = name;
        this.target = target;
    }

    @Override
    public void open(OpenContext openContext) {
        written = new Count(getRuntimeContext(), Counters.written(name));
        deadLetters = new DeadLetterOffice(getRuntimeContext(), DeadLetter.Stage.WRITE, name);
    }

    @Override
    public void processElement(VectorRecord record, Context context, Collector<VectorRecord> out) {
        String rejection = target.rejection(record);
        if (rejection == null) {
            written.increment();
            out.collect(record);
        } else {
            context.output(
                    DeadLetterOffice.OUTPUT,
                    deadLetters.write(
                            record.origin(), ConnectorException.class, "rejected", rejection));
        }
    }
}
