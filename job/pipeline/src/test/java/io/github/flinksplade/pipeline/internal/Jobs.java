package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.vector.SparseVector;
import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.api.connector.sink2.Sink;

/**
 * The jobs of one test, with the fake encoder and collecting sinks.
 *
 * @param name distinguishes the targets of different tests
 */
record Jobs(String name) {

    /** The collected form of a record. */
    record Written(
            String id,
            boolean delete,
            long version,
            String text,
            String fields,
            SparseVector vector)
            implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    /** The collected form of a dead letter. */
    record Dead(int partition, long offset, DeadLetter.Stage stage, String sink, String message)
            implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    private record Collecting(String name) implements FlinkSink {
        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return record.id().equals("unacceptable") ? "this id is not supported" : null;
        }

        @Override
        public Sink<VectorRecord> sink() {
            return new CollectingSink<VectorRecord, Written>(
                    name,
                    record ->
                            new Written(
                                    record.id(),
                                    record.isDelete(),
                                    record.version(),
                                    record.text(),
                                    record.fields(),
                                    record.vector()));
        }
    }

    private record CollectingDeadLetters(String name) implements PreparedDeadLetterQueue {
        @Override
        public Sink<DeadLetter> sink() {
            return new CollectingSink<DeadLetter, Dead>(
                    name,
                    letter ->
                            new Dead(
                                    letter.origin().partition(),
                                    letter.origin().offset(),
                                    letter.stage(),
                                    letter.sink(),
                                    letter.message()));
        }
    }

    FakeEncoderFactory factory() {
        return new FakeEncoderFactory(name);
    }

    List<NamedSink> sinks(String... names) {
        return Stream.of(names).map(each -> sink(each, new Collecting(target(each)))).toList();
    }

    NamedSink sink(String identity, PreparedSink sink) {
        return new NamedSink(sink, context(identity), null, identity);
    }

    SinkContext context(String sink) {
        return new SinkContext(sink, name, provenance(), new EncoderVocabulary(factory()), false);
    }

    private Provenance provenance() {
        try (SpladeEncoder encoder = new FakeEncoderFactory(name + "/submitted").open()) {
            return EncoderFactory.provenance(encoder);
        }
    }

    private String target(String sink) {
        return name + "/" + sink;
    }

    JobDefinition definition(
            List<NamedSource> sources, List<NamedSink> sinks, PipelineOptions options) {
        return new JobDefinition(
                new DocumentInput(sources, "fake", EncoderOptions.defaults(), provenance()),
                sinks,
                new CollectingDeadLetters(target("dead")),
                options);
    }

    List<Written> written(String sink) {
        return CollectingSink.committed(target(sink), Written.class);
    }

    List<Dead> dead() {
        return CollectingSink.committed(target("dead"), Dead.class);
    }
}
