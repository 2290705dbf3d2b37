package io.github.flinksplade.connector;

import java.io.Serializable;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the job tells a target.
 *
 * @param identity the target's {@link VectorSink#identity}, unique among the job's targets
 * @param jobId distinguishes the job from others that write to the same target; stable over
 *     restarts
 * @param provenance what makes the vectors
 * @param vocabulary the terms behind the indices
 * @param allowMixedModels whether vectors may go where vectors of another encoder are
 */
public record SinkContext(
        String identity,
        String jobId,
        Provenance provenance,
        Vocabulary vocabulary,
        boolean allowMixedModels)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Refuses, unless it is allowed, to write beside vectors of another making.
     *
     * @param place what holds them, for the message: {@code the index in idx}
     * @param another what to write to instead, such as {@code a new directory}
     * @throws ConnectorException saying of which model they are, in what the two differ, and the
     *     ways out
     */
    public void requireSameEncoder(Provenance held, String place, String another) {
        if (allowMixedModels || held.fingerprint().equals(provenance.fingerprint())) {
            return;
        }
        Map<String, String> before = held.toMap();
        String differences =
                provenance.toMap().entrySet().stream()
                        .filter(
                                part ->
                                        !part.getKey().equals("model")
                                                && !part.getKey().equals("fingerprint")
                                                && !part.getValue()
                                                        .equals(before.get(part.getKey())))
                        .map(Map.Entry::getKey)
                        .collect(Collectors.joining(", "));
        throw new ConnectorException(
                place
                        + " holds vectors of the model "
                        + held.model()
                        + " (fingerprint "
                        + held.fingerprint()
                        + "), not of "
                        + provenance.model()
                        + " (fingerprint "
                        + provenance.fingerprint()
                        + "; different: "
                        + differences
                        + "); use that model and its settings, or "
                        + another
                        + ", or let both stand there with --allow-mixed-models");
    }
}
