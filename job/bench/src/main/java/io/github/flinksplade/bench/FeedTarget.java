package io.github.flinksplade.bench;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;
import java.io.Serializable;
import java.time.Duration;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Tells a {@link JobFeed} what arrives, and keeps nothing. */
record FeedTarget(String feed) implements SinkTarget, DeadLetterTarget {

    private static final long serialVersionUID = 1L;

    @Override
    public void check(TargetContext context, StartMode start) {}

    @Override
    public void check() {}

    @Override
    public void checkCommits(Duration longest) {}

    @Override
    public Sink<VectorRecord> sink(TargetContext context) {
        return new Telling<>(feed, (told, record) -> told.arrive(record.id()));
    }

    @Override
    public Sink<DeadLetter> sink(String name) {
        return new Telling<>(
                feed,
                (told, letter) ->
                        told.refuse(
                                "the job refused text "
                                        + letter.origin().position()
                                        + ": "
                                        + letter.message()));
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
