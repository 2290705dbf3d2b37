package io.github.flinksplade.bench;

import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.apache.flink.api.connector.sink2.Sink;

/** A target, and how many records have come to it, for this process to hear. */
final class CountingTarget implements SinkTarget {

    private static final long serialVersionUID = 1L;

    /** Whoever listens, by the target's number: the target itself travels as bytes. */
    private static final Map<UUID, LongConsumer> LISTENERS = new ConcurrentHashMap<>();

    private final SinkTarget target;
    private final UUID number = UUID.randomUUID();
    private transient long count;
    private transient LongConsumer listener;

    /**
     * @param listener is told of each record how many have come with it, by the thread that has it
     */
    CountingTarget(SinkTarget target, LongConsumer listener) {
        this.target = target;
        LISTENERS.put(number, listener);
    }

    void forget() {
        LISTENERS.remove(number);
    }

    @Override
    public void check(TargetContext context, StartMode start) {
        target.check(context, start);
    }

    @Override
    public String rejection(VectorRecord record) {
        if (listener == null) {
            listener = LISTENERS.get(number);
        }
        listener.accept(++count);
        return target.rejection(record);
    }

    @Override
    public Sink<VectorRecord> sink(TargetContext context) {
        return target.sink(context);
    }

    @Override
    public int maxParallelism() {
        return target.maxParallelism();
    }
}
