package io.github.flinksplade.connector;

import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The job, as a sink needs to know it.
 *
 * @param identity the target's {@link VectorSink#identity}, unique among the sinks of the job
 * @param jobId distinguishes the job from others that write to the same target; stable over
 *     restarts
 * @param provenance the model and settings that make the vectors
 * @param vocabulary the terms of the indices
 * @param allowMixedModels whether vectors may be written to a target that contains vectors of
 *     another encoder
 */
@PublicEvolving
public record SinkContext(
        String identity,
        String jobId,
        Provenance provenance,
        Vocabulary vocabulary,
        boolean allowMixedModels)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Parts of a provenance on which vectors do not depend. */
    private static final Set<String> NOT_COMPARED = Set.of("model", "query_model", "fingerprint");

    /**
     * Rejects a target that contains vectors of another encoder, unless that is allowed.
     *
     * @param stored the provenance of the vectors in the target
     * @param target the target, for the message: {@code the index in idx}
     * @param alternative what to do instead, such as {@code write to another topic}
     * @throws ConnectorException with the two models, the parts in which they differ, and what to
     *     do
     */
    public void requireSameEncoder(Provenance stored, String target, String alternative) {
        if (allowMixedModels || stored.fingerprint().equals(provenance.fingerprint())) {
            return;
        }
        Map<String, String> before = stored.toMap();
        String differences =
                provenance.toMap().entrySet().stream()
                        .filter(
                                part ->
                                        !NOT_COMPARED.contains(part.getKey())
                                                && !part.getValue()
                                                        .equals(before.get(part.getKey())))
                        .map(Map.Entry::getKey)
                        .collect(Collectors.joining(", "));
        throw new ConnectorException(
                target
                        + " contains vectors of the model "
                        + stored.model()
                        + " (fingerprint "
                        + stored.fingerprint()
                        + "), not of "
                        + provenance.model()
                        + " (fingerprint "
                        + provenance.fingerprint()
                        + "; they differ in "
                        + differences
                        + "). Use that model and its settings, or "
                        + alternative
                        + ", or accept both models with --allow-mixed-models");
    }
}
