package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.Target;
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
 * @param targets where vectors go to, at least one
 * @param deadLetters where refused records go to
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
        List<NamedTarget> targets,
        DeadLetterTarget deadLetters,
        String model,
        EncoderOptions encoder,
        Provenance provenance,
        PipelineOptions options) {

    static final String DEAD_LETTERS = "dead-letters";

    /**
     * @throws IllegalArgumentException when there is no source or no target, or when two have the
     *     same name; the message says so
     */
    public JobDefinition {
        sources = List.copyOf(sources);
        targets = List.copyOf(targets);
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
        unique("target", targets.stream().map(NamedTarget::name).toList());
    }

    /** The same job with these in place of its targets. */
    JobDefinition withTargets(List<NamedTarget> others) {
        return new JobDefinition(
                sources, vectors, others, deadLetters, model, encoder, provenance, options);
    }

    private static void unique(String role, List<String> names) {
        if (names.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one " + role);
        }
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!seen.add(name)) {
                throw new IllegalArgumentException(
                        "two " + role + "s are named '" + name + "'; give each its own name");
            }
        }
    }

    private static void checkName(String role, String name) {
        if (!name.matches("[A-Za-z0-9-]+") || name.startsWith(DEAD_LETTERS)) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' cannot be the name of a "
                            + role
                            + "; use letters, digits and dashes, and do not begin with '"
                            + DEAD_LETTERS
                            + "'");
        }
    }

    /**
     * @param name unique among the sources and stable over restarts; it is part of the operator's
     *     uid, so that a source under a new name is read from its beginning. Letters, digits and
     *     dashes
     */
    public record NamedSource(String name, DocumentSource source) {

        public NamedSource {
            checkName("source", name);
            Objects.requireNonNull(source, "source");
        }
    }

    /**
     * @param name unique among the targets and stable over restarts; see {@link
     *     io.github.flinksplade.connector.TargetContext#name()}. A target under a new name gets
     *     every document that is read from then on, also those that have not changed
     */
    public record NamedTarget(String name, Target target) {

        public NamedTarget {
            checkName("target", name);
            Objects.requireNonNull(target, "target");
        }
    }
}
