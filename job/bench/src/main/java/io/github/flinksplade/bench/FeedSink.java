package io.github.flinksplade.bench;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.VectorRecord;
import java.io.Serializable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Reports records to a {@link Feed} and discards them. */
record FeedSink(String feed) implements FlinkSink {

    private static final long serialVersionUID = 1L;

    @Override
    public Sink<VectorRecord> sink() {
        return new ReportingSink<>(feed, (target, record) -> target.arrive(record.id()));
    }

    /** A dead letter ends the benchmark. */
    record DeadLetters(String feed) implements PreparedDeadLetterQueue {

        @Override
        public Sink<DeadLetter> sink() {
            return new ReportingSink<>(
                    feed,
                    (target, letter) ->
                            target.reject(
                                    "the job rejected text "
                                            + letter.origin().position()
                                            + ": "
                                            + letter.message()));
        }
    }

    private interface Report<T> extends BiConsumer<Feed, T>, Serializable {}

    private record ReportingSink<T>(String feed, Report<T> report) implements Sink<T> {

        private static final long serialVersionUID = 1L;

        @Override
        public SinkWriter<T> createWriter(WriterInitContext context) {
            Feed target = Feed.open(feed);
            return new SinkWriter<>() {
                @Override
                public void write(T element, Context unused) {
                    report.accept(target, element);
                }

                @Override
                public void flush(boolean endOfInput) {}

                @Override
                public void close() {}
            };
        }
    }
}
