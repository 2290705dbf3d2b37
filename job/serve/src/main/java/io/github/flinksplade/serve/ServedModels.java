package io.github.flinksplade.serve;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Provenance;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The open models. A model remains open until the server stops, also if the last index that uses it
 * was replaced.
 */
final class ServedModels implements AutoCloseable {

    private final EncoderFactory factory;
    private final ServerMetrics metrics;
    private final Map<List<String>, BatchingEncoder> open = new LinkedHashMap<>();

    ServedModels(EncoderFactory factory, ServerMetrics metrics) {
        this.factory = factory;
        this.metrics = metrics;
        metrics.queueSize(this::waiting);
    }

    /** The model of an index, shared between the indexes with this model. */
    synchronized BatchingEncoder of(ConnectorUri uri, Provenance provenance) {
        List<String> key =
                Arrays.asList(
                        provenance.modelSha256(),
                        provenance.tokenizerSha256(),
                        provenance.queryModel());
        BatchingEncoder known = open.get(key);
        if (known == null) {
            known = new BatchingEncoder(factory.open(uri, provenance), metrics);
            open.put(key, known);
        }
        return known;
    }

    private synchronized long waiting() {
        return open.values().stream().mapToLong(BatchingEncoder::waiting).sum();
    }

    @Override
    public synchronized void close() {
        open.values().forEach(BatchingEncoder::close);
        open.clear();
    }
}
