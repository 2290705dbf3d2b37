package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Counts what a target rejected while it was written. */
final class RejectedInput extends ProcessFunction<DeadLetter, Notice> {

    private static final long serialVersionUID = 1L;

    private final String sink;

    private transient Reason reason;
    private transient DeadLetters office;

    RejectedInput(String sink) {
        this.sink = sink;
    }

    @Override
    public void open(OpenContext openContext) {
        reason = new Reason("refused", "not written to " + sink, null);
        office = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.WRITE, sink);
    }

    @Override
    public void processElement(DeadLetter letter, Context context, Collector<Notice> out) {
        out.collect(office.write(letter, reason));
    }
}
