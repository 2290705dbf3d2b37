package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Counts and reports the changes that a server rejected. */
final class RejectedWritesFunction extends ProcessFunction<DeadLetter, Notice> {

    private static final long serialVersionUID = 1L;

    private final String sink;

    private transient Reason reason;
    private transient DeadLetters deadLetters;

    RejectedWritesFunction(String sink) {
        this.sink = sink;
    }

    @Override
    public void open(OpenContext openContext) {
        reason = new Reason("rejected_by_server", "not written to " + sink, null);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.WRITE, sink);
    }

    @Override
    public void processElement(DeadLetter letter, Context context, Collector<Notice> out) {
        out.collect(deadLetters.write(letter, reason));
    }
}
