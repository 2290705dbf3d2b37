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

/** Tells a {@link JobFeed} what arrives, and keeps nothing. */
record FeedSink(String feed) implements FlinkSink {

    private static final long serialVersionUID = 1L;

    @Override
    public Sink<VectorRecord> sink() {
        return new Telling<>(feed, (told, record) -> told.arrive(record.id()));
    }

    /** Dead letters end the benchmark. */
    record Rejected(String feed) implements PreparedDeadLetterQueue {

        @Override
        public Sink<DeadLetter> sink() {
            return new Telling<>(
                    feed,
                    (told, letter) ->
                            told.refuse(
                                    "the job refused text "
                                            + letter.origin().position()
                                            + ": "
                                            + letter.message()));
        }
    }

    private interface Form<T> extends BiConsumer<JobFeed, T>, Serializable {}

    private record Telling<T>(String feed, Form<T> form) implements Sink<T> {

        private static final long serialVersionUID = 1L;

        @Override
        public SinkWriter<T> createWriter(WriterInitContext context) {
            JobFeed told = JobFeed.open(feed);
            return new SinkWriter<>() {
                @Override
                public void write(T element, Context unused) {
                    form.accept(told, element);
                }

                @Override
                public void flush(boolean endOfInput) {}

                @Override
                public void close() {}
            };
        }
    }
}
