package io.github.flinksplade.serve;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.SpladeEncoder;

/** Opens the model of an index. */
@FunctionalInterface
public interface EncoderFactory {

    /**
     * Called once for all indexes whose vectors were encoded by the same model.
     *
     * @param uri the index
     * @param provenance the provenance of its vectors
     * @return open for queries at least; the server closes it
     */
    SpladeEncoder open(ConnectorUri uri, Provenance provenance);
}
