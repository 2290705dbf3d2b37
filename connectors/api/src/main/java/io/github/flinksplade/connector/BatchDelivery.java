package io.github.flinksplade.connector;

import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.OneInputStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.util.OutputTag;

/**
 * Writes to a {@link BatchSink}. It is an operator instead of a Flink sink, because a sink has no
 * output for rejected changes. It needs no state: every checkpoint waits until all changes before
 * it are written or rejected.
 */
@Internal
public final class BatchDelivery extends AbstractStreamOperatorFactory<DeadLetter>
        implements OneInputStreamOperatorFactory<VectorRecord, DeadLetter> {

    private static final long serialVersionUID = 1L;

    /** The side output of what the sink has done, about every 10 seconds. */
    public static final OutputTag<SinkProgress> PROGRESS =
            new OutputTag<>("progress", TypeInformation.of(SinkProgress.class));

    private final String name;
    private final String displayName;
    private final BatchSink sink;

    /**
     * @param name the sink's identity
     * @param displayName its name in metrics
     */
    public BatchDelivery(String name, String displayName, BatchSink sink) {
        this.name = name;
        this.displayName = displayName;
        this.sink = sink;
    }

    /** Name of the accumulator of bytes sent to a sink, including retries. */
    public static String bytesSent(String sink) {
        return "bytesSent." + sink;
    }

    /** Name of the accumulator of batches sent to a sink, including retries. */
    public static String batchesSent(String sink) {
        return "batchesSent." + sink;
    }

    /** Name of the accumulator of changes that a sink wrote. */
    public static String written(String sink) {
        return "written." + sink;
    }

    /** Name of the accumulator of changes whose target contained a newer one of the id. */
    public static String superseded(String sink) {
        return "superseded." + sink;
    }

    /**
     * Adds an operator that writes these changes.
     *
     * @param name the sink's identity
     * @param displayName its name in metrics
     * @return the rejected changes; the caller sets the operator's name and uid
     */
    public static SingleOutputStreamOperator<DeadLetter> write(
            DataStream<VectorRecord> changes, String name, String displayName, BatchSink sink) {
        return changes.transform(
                "batches",
                TypeInformation.of(DeadLetter.class),
                new BatchDelivery(name, displayName, sink));
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T extends StreamOperator<DeadLetter>> T createStreamOperator(
            StreamOperatorParameters<DeadLetter> parameters) {
        return (T)
                new BatchOperator(
                        parameters, parameters.getMailboxExecutor(), name, displayName, sink);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
        return BatchOperator.class;
    }
}
