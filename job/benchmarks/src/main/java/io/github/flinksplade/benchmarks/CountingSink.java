package io.github.flinksplade.benchmarks;

import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.VectorRecord;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.apache.flink.api.connector.sink2.Sink;

/** Counts the records that reach a sink, for a listener in this process. */
final class CountingSink implements FlinkSink {

    private static final long serialVersionUID = 1L;

    /** The listeners by the id of their sink, which Flink serializes. */
    private static final Map<UUID, LongConsumer> LISTENERS = new ConcurrentHashMap<>();

    private final FlinkSink sink;
    private final UUID id = UUID.randomUUID();
    private transient long count;
    private transient LongConsumer listener;

    /**
     * @param listener receives the count for each record, on the thread that processes it
     */
    CountingSink(FlinkSink sink, LongConsumer listener) {
        this.sink = sink;
        LISTENERS.put(id, listener);
    }

    void removeListener() {
        LISTENERS.remove(id);
    }

    @Override
    public String rejection(VectorRecord record) {
        if (listener == null) {
            listener = LISTENERS.get(id);
        }
        listener.accept(++count);
        return sink.rejection(record);
    }

    @Override
    public Sink<VectorRecord> sink() {
        return sink.sink();
    }

    @Override
    public int maxParallelism() {
        return sink.maxParallelism();
    }
}
