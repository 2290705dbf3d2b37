package io.github.flinksplade.app;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * For tests: {@code failing:EVERY?times=N} is a sink that discards records and throws an exception
 * for every EVERYth record, at most N times. Restarts of the job in this JVM do not reset the
 * count.
 */
public final class FailingConnector implements Connector {

    static final AtomicInteger RECORDS = new AtomicInteger();
    static final AtomicInteger FAILURES = new AtomicInteger();

    @Override
    public String scheme() {
        return "failing";
    }

    @Override
    public String usage() {
        return "write failing:EVERY?times=N";
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new FailingSink(
                Integer.parseInt(uri.location()), Integer.parseInt(uri.option("times")));
    }

    private record FailingSink(int every, int times) implements VectorSink {

        @Override
        public String identity() {
            return "failing:" + every;
        }

        @Override
        public PreparedSink prepare(SinkContext context, StartMode start) {
            return new Prepared(every, times);
        }
    }

    private record Prepared(int every, int times) implements FlinkSink {

        @Override
        public Sink<VectorRecord> sink() {
            return new FailingFlinkSink(every, times);
        }
    }

    private record FailingFlinkSink(int every, int times) implements Sink<VectorRecord> {

        @Override
        public SinkWriter<VectorRecord> createWriter(WriterInitContext context) {
            return new SinkWriter<>() {
                @Override
                public void write(VectorRecord record, Context context) throws IOException {
                    if (RECORDS.incrementAndGet() % every == 0 && FAILURES.get() < times) {
                        FAILURES.incrementAndGet();
                        throw new IOException("failed on purpose");
                    }
                }

                @Override
                public void flush(boolean endOfInput) {}

                @Override
                public void close() {}
            };
        }
    }
}
