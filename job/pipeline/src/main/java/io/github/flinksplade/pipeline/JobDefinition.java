package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.EncoderOptions;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Everything that makes one job.
 *
 * @param sources where documents come from, at least one; none where vectors are copied
 * @param vectors what is copied, without encoding anything; null for a job that encodes documents
 * @param sinks where vectors go to, at least one
 * @param deadLetters where rejected records go
 * @param model reference of the model, as {@link
 *     io.github.flinksplade.encoder.SpladeEncoder#open(String, EncoderOptions)} takes it; it must
 *     be reachable from the task managers
 * @param encoder how to encode
 * @param provenance what the vectors will be made by, from opening the model where the job is
 *     submitted ({@link SpladeJob#provenance}); a task manager that finds another model under the
 *     same reference refuses to start
 * @param options everything else
 */
public record JobDefinition(
        List<NamedSource> sources,
        VectorSource vectors,
        List<NamedSink> sinks,
        PreparedDeadLetterQueue deadLetters,
        String model,
        EncoderOptions encoder,
        Provenance provenance,
        PipelineOptions options) {

    /**
     * @throws IllegalArgumentException when there is no source or no sink, or when two have the
     *     same name
     */
    public JobDefinition {
        sources = List.copyOf(sources);
        sinks = List.copyOf(sinks);
        Objects.requireNonNull(deadLetters, "deadLetters");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(encoder, "encoder");
        Objects.requireNonNull(provenance, "provenance");
        Objects.requireNonNull(options, "options");
        if (vectors == null) {
            unique("source", sources.stream().map(NamedSource::name).toList());
        } else if (!sources.isEmpty()) {
            throw new IllegalArgumentException(
                    "a job encodes documents or copies vectors, not both");
        }
        unique("sink", sinks.stream().map(NamedSink::name).toList());
    }

    private static void unique(String role, List<String> names) {
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
     * @param name the source's identity, and the generation of reading it: a source under a new
     *     name is read from its beginning
     * @param versionField the field that contains a document's version; null if there is none. See
     *     {@link DocumentParser}
     */
    public record NamedSource(String name, DocumentSource source, String versionField) {

        public NamedSource {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(source, "source");
        }

        /** A source whose documents have their version in the field {@code version}. */
        public NamedSource(String name, DocumentSource source) {
            this(name, source, DocumentParser.VERSION);
        }
    }

    /**
     * A prepared sink. Its identity names the operators that write to it: a sink with another
     * identity receives every document that is read from then on, unchanged ones too.
     *
     * @param context what the sink was prepared with
     * @param unverified the sink for the tasks to prepare again, because only they know whether the
     *     job has state; null if that was known where the job was submitted
     */
    public record NamedSink(PreparedSink prepared, SinkContext context, VectorSink unverified) {

        public NamedSink {
            Objects.requireNonNull(prepared, "prepared");
            Objects.requireNonNull(context, "context");
        }

        /** The sink's identity. */
        public String name() {
            return context.identity();
        }
    }
}
