package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.Target;
import io.github.flinksplade.encoder.EncoderOptions;
import java.util.List;

/**
 * Everything that makes one job.
 *
 * @param sources where documents come from, at least one
 * @param targets where vectors go to, at least one
 * @param deadLetters where refused records go to
 * @param model reference of the model, as {@link
 *     io.github.flinksplade.encoder.SpladeEncoder#open(String, EncoderOptions)} takes it; it must
 *     be reachable from the task managers
 * @param encoder how to encode
 * @param provenance what the vectors will be made by, from opening the model where the job is
 *     submitted; a task manager that finds another model under the same reference refuses to start
 * @param options everything else
 */
public record JobDefinition(
        List<NamedSource> sources,
        List<NamedTarget> targets,
        DeadLetterTarget deadLetters,
        String model,
        EncoderOptions encoder,
        Provenance provenance,
        PipelineOptions options) {

    /**
     * @param name unique among the sources and stable over restarts; it is part of the operator's
     *     uid, so that a source under a new name is read from its beginning
     */
    public record NamedSource(String name, DocumentSource source) {}

    /**
     * @param name unique among the targets and stable over restarts; see {@link
     *     io.github.flinksplade.connector.TargetContext#name()}
     */
    public record NamedTarget(String name, Target target) {}
}
