package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SparseVector;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.NamedTarget;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.api.connector.sink2.Sink;

/**
 * Jobs of one test, with the fake encoder and sinks that collect.
 *
 * @param name keeps the collections of different tests apart
 */
record Jobs(String name) {

    /** What is kept of a record that was written. */
    record Written(
            String id,
            boolean delete,
            long version,
            String text,
            String fields,
            int[] indices,
            float[] values)
            implements Serializable {
        private static final long serialVersionUID = 1L;

        SparseVector vector() {
            return new SparseVector(indices, values);
        }
    }

    /** What is kept of a dead letter. */
    record Dead(int partition, long offset, DeadLetter.Stage stage, String target, String message)
            implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    private record CollectingTarget(String place) implements SinkTarget {
        private static final long serialVersionUID = 1L;

        @Override
        public void check(TargetContext context, StartMode start) {}

        @Override
        public String rejection(VectorRecord record) {
            return record.id().equals("unacceptable") ? "no such ids here" : null;
        }

        @Override
        public Sink<VectorRecord> sink(TargetContext context) {
            return new CollectingSink<VectorRecord, Written>(
                    place,
                    record ->
                            new Written(
                                    record.id(),
                                    record.isDelete(),
                                    record.version(),
                                    record.text(),
                                    record.fields(),
                                    record.indices(),
                                    record.values()));
        }
    }

    private record CollectingDeadLetters(String place) implements DeadLetterTarget {
        @Override
        public void check() {}

        @Override
        public Sink<DeadLetter> sink(String name) {
            return new CollectingSink<DeadLetter, Dead>(
                    place,
                    letter ->
                            new Dead(
                                    letter.origin().partition(),
                                    letter.origin().offset(),
                                    letter.stage(),
                                    letter.target(),
                                    letter.message()));
        }
    }

    FakeEncoderFactory factory() {
        return new FakeEncoderFactory(name);
    }

    List<NamedTarget> targets(String... names) {
        return Stream.of(names)
                .map(target -> new NamedTarget(target, new CollectingTarget(place(target))))
                .toList();
    }

    private String place(String target) {
        return name + "/" + target;
    }

    JobDefinition definition(
            List<NamedSource> sources, List<NamedTarget> targets, PipelineOptions options) {
        Provenance provenance;
        try (SpladeEncoder encoder = new FakeEncoderFactory(name + "/submitted").open()) {
            provenance = EncoderFactory.provenance(encoder);
        }
        return new JobDefinition(
                sources,
                null,
                targets,
                new CollectingDeadLetters(place("dead")),
                "fake",
                EncoderOptions.defaults(),
                provenance,
                options);
    }

    List<Written> written(String target) {
        return CollectingSink.committed(place(target), Written.class);
    }

    List<Dead> dead() {
        return CollectingSink.committed(place("dead"), Dead.class);
    }
}
