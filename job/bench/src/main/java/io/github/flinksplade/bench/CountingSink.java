package io.github.flinksplade.bench;

import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.VectorRecord;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.apache.flink.api.connector.sink2.Sink;

/** A sink that reports to this process how many records reach it. */
final class CountingSink implements FlinkSink {

    private static final long serialVersionUID = 1L;

    /** The listeners by the sink's number: the sink itself is serialized. */
    private static final Map<UUID, LongConsumer> LISTENERS = new ConcurrentHashMap<>();

    private final FlinkSink sink;
    private final UUID number = UUID.randomUUID();
    private transient long count;
    private transient LongConsumer listener;

    /**
     * @param listener is told of each record how many have come with it, by the thread that has it
     */
    CountingSink(FlinkSink sink, LongConsumer listener) {
        this.sink = sink;
        LISTENERS.put(number, listener);
    }

    void forget() {
        LISTENERS.remove(number);
    }

    @Override
    public String rejection(VectorRecord record) {
        if (listener == null) {
            listener = LISTENERS.get(number);
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
