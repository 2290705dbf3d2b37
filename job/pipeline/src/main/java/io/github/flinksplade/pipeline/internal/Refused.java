package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Counts what a target refused while it was written. */
final class Refused extends ProcessFunction<DeadLetter, DeadLetter> {

    private static final long serialVersionUID = 1L;

    private final String target;

    private transient DeadLetterOffice office;

    Refused(String target) {
        this.target = target;
    }

    @Override
    public void open(OpenContext openContext) {
        office = new DeadLetterOffice(getRuntimeContext(), DeadLetter.Stage.WRITE, target);
    }

    @Override
    public void processElement(DeadLetter letter, Context context, Collector<DeadLetter> out) {
        office.count("refused");
        out.collect(letter);
    }
}
