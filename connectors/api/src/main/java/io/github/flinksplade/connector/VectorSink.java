package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * An external index, collection or topic that vectors are written to, as its URI and properties
 * describe it. It is configuration only: {@link #prepare} contacts the server and returns the sink
 * that writes. The package description lists what a sink must guarantee.
 */
@PublicEvolving
public interface VectorSink extends Serializable {

    /**
     * The scheme and the normalized location, such as {@code opensearch://search:9200/docs}, and
     * the options that are part of the location, such as a namespace. It names the operators' state
     * and transactions, so two runs with the same identity write to the same target however the URI
     * is spelled and whatever its other options are.
     *
     * @throws UnreachableException if only the server knows the identity and is unavailable
     */
    String identity();

    /**
     * A short and readable form of the location, for operators' names and metrics: the URI without
     * options. It need not be unique. Contacts no server.
     */
    default String displayName() {
        return identity();
    }

    /**
     * Checks that the target can be written to, creates what is missing (unless {@link
     * StartMode#requireMayCreate} rejects that), and returns a sink that has all it needs to know
     * of the server. May be called several times.
     *
     * @throws UnreachableException if the server is unavailable, which may pass
     * @throws ConnectorException if the configuration is invalid, or the target contains vectors of
     *     another encoder
     */
    PreparedSink prepare(SinkContext context, StartMode start);
}
