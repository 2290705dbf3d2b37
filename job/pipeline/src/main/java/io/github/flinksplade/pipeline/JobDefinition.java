package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A job: its input, its sinks and its options.
 *
 * @param input the documents to encode, or the vectors to copy
 * @param sinks where vectors are written to, at least one
 * @param deadLetters where rejected records are written to
 * @param options all other options
 */
public record JobDefinition(
        Input input,
        List<NamedSink> sinks,
        PreparedDeadLetterQueue deadLetters,
        PipelineOptions options) {

    /**
     * @throws IllegalArgumentException if there is no sink, or if two sinks have the same name
     */
    public JobDefinition {
        Objects.requireNonNull(input, "input");
        sinks = List.copyOf(sinks);
        Objects.requireNonNull(deadLetters, "deadLetters");
        Objects.requireNonNull(options, "options");
        requireUnique("sink", sinks.stream().map(NamedSink::name).toList());
    }

    /** The input of a job. */
    public sealed interface Input permits DocumentInput, VectorInput {}

    /**
     * Documents that the job encodes.
     *
     * @param sources where documents are read from, at least one
     * @param model reference of the model, as {@link
     *     io.github.flinksplade.encoder.SpladeEncoder#open(String, EncoderOptions)} accepts it;
     *     task managers must be able to open it
     * @param encoder the options of the encoder
     * @param provenance the provenance of the vectors ({@link SpladeJob#provenance}), from opening
     *     the model where the job is submitted; a task manager that opens another model under the
     *     same reference fails the job
     */
    public record DocumentInput(
            List<NamedSource> sources, String model, EncoderOptions encoder, Provenance provenance)
            implements Input {

        /**
         * @throws IllegalArgumentException if there is no source, or if two sources have the same
         *     name
         */
        public DocumentInput {
            sources = List.copyOf(sources);
            Objects.requireNonNull(model, "model");
            Objects.requireNonNull(encoder, "encoder");
            Objects.requireNonNull(provenance, "provenance");
            requireUnique("source", sources.stream().map(NamedSource::name).toList());
        }
    }

    /** Vectors of another target, which the job copies without encoding. */
    public record VectorInput(VectorSource vectors) implements Input {

        public VectorInput {
            Objects.requireNonNull(vectors, "vectors");
        }
    }

    private static void requireUnique(String role, List<String> names) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one " + role);
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw new IllegalArgumentException(
                        "the " + role + " " + name + " is listed twice. List it once.");
            }
        }
    }

    /**
     * A source and its name.
     *
     * @param name the source's identity, and a number that changes when it is to be read again: a
     *     source with a new name is read from its beginning
     * @param mapping which fields of its records are the id, the text and so on
     */
    public record NamedSource(String name, DocumentSource source, DocumentMapping mapping) {

        public NamedSource {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(source, "source");
            Objects.requireNonNull(mapping, "mapping");
        }

        /** A source whose documents have the default fields. */
        public NamedSource(String name, DocumentSource source) {
            this(name, source, DocumentMapping.DEFAULT);
        }
    }

    /**
     * A prepared sink. Its identity is the name of the operators that write to it: a sink with
     * another identity receives every document that is read from then on, including unchanged ones.
     *
     * @param context the context with which the sink was prepared
     * @param unverified the sink for the tasks to prepare again, because only they know whether the
     *     job has state; null if that was known where the job was submitted
     * @param displayName the sink's {@link VectorSink#displayName}
     */
    public record NamedSink(
            PreparedSink prepared, SinkContext context, VectorSink unverified, String displayName) {

        public NamedSink {
            Objects.requireNonNull(prepared, "prepared");
            Objects.requireNonNull(context, "context");
            Objects.requireNonNull(displayName, "displayName");
        }

        /** The sink's identity. */
        public String name() {
            return context.identity();
        }
    }
}
