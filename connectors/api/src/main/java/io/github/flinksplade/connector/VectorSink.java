package io.github.flinksplade.connector;

import java.io.Serializable;

/**
 * An external index, collection or topic that vectors are written to, as its URI and properties
 * describe it. It is configuration only: {@link #prepare} contacts the server and returns what
 * writes. What a sink must promise is in the package description.
 */
public interface VectorSink extends Serializable {

    /**
     * The scheme and the normalized location, such as {@code opensearch://search:9200/docs}, and
     * the options that are part of the location, such as a namespace. It names the operators'
     * state, metrics and transactions, so two runs with the same identity write to the same target
     * however the URI is spelled and whatever its other options are.
     *
     * @throws UnreachableException when only the server knows its identity and it is unavailable
     */
    String identity();

    /**
     * Checks that the target can be written to, creates what is missing (unless {@link
     * StartMode#createEmpty} rejects that), and returns a sink that contains what was learned from
     * the server. May be called several times.
     *
     * @throws UnreachableException when the server is unavailable, which may pass
     * @throws ConnectorException when the configuration is wrong, or the target contains vectors of
     *     another encoder
     */
    PreparedSink prepare(SinkContext context, StartMode start);
}
