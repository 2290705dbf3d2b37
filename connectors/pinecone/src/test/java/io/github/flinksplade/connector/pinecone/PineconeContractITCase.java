package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.FaultInjector;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.pinecone.clients.Index;
import io.pinecone.clients.Pinecone;
import io.pinecone.configs.PineconeConfig;
import io.pinecone.configs.PineconeConnection;
import io.pinecone.proto.ListItem;
import io.pinecone.proto.ListResponse;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Runs with the stand-in, or with Pinecone itself: {@code -Dflinksplade.pinecone.url=...} and an
 * API key in {@code PINECONE_API_KEY}, without faults. All tests use one index, each its own
 * namespace, which is read with the official client, page by page.
 */
class PineconeContractITCase extends SinkContract {

    private static final String URL = System.getProperty("flinksplade.pinecone.url");
    private static final String INDEX =
            System.getProperty("flinksplade.pinecone.index", "flink-splade-contract");
    private static final ObjectMapper JSON = new ObjectMapper();

    private static PineconeStandIn standIn;

    @BeforeAll
    static void start() {
        standIn = URL == null ? PineconeStandIn.start() : null;
    }

    @AfterAll
    static void stop() {
        if (standIn != null) {
            standIn.close();
        }
    }

    @Override
    public ConnectorUri fresh(String name) {
        String namespace = name + "-" + System.nanoTime();
        return ConnectorUri.parse("pinecone:" + INDEX + "?namespace=" + namespace)
                .withProperties(Map.of("host", url(), "api-key", key()));
    }

    private static String url() {
        return standIn == null ? URL : standIn.url();
    }

    private static String key() {
        return standIn == null ? System.getenv("PINECONE_API_KEY") : PineconeStandIn.API_KEY;
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws Exception {
        String host =
                new Pinecone.Builder(key()).withHost(url()).build().describeIndex(INDEX).getHost();
        PineconeConfig config = new PineconeConfig(key());
        config.setCustomManagedChannel(
                Grpc.newChannelBuilder(
                                host,
                                standIn == null
                                        ? TlsChannelCredentials.create()
                                        : InsecureChannelCredentials.create())
                        .build());
        PineconeConnection connection = new PineconeConnection(config);
        try (connection) {
            Index index = new Index(config, connection, INDEX);
            Map<String, Vector> read = read(index, uri.option("namespace"));
            while (standIn == null) {
                // eventually consistent: final when it has not changed for ten seconds
                TimeUnit.SECONDS.sleep(10);
                Map<String, Vector> again = read(index, uri.option("namespace"));
                if (again.equals(read)) {
                    break;
                }
                read = again;
            }
            Map<String, StoredDocument> held = new TreeMap<>();
            for (Vector vector : read.values()) {
                held.put(vector.getId(), storedDocument(vector));
            }
            return held;
        }
    }

    private static Map<String, Vector> read(Index index, String namespace) {
        Map<String, Vector> read = new TreeMap<>();
        String token = null;
        do {
            ListResponse page =
                    token == null ? index.list(namespace, 100) : index.list(namespace, 100, token);
            List<String> ids = page.getVectorsList().stream().map(ListItem::getId).toList();
            if (!ids.isEmpty()) {
                read.putAll(index.fetch(ids, namespace).getVectorsMap());
            }
            token = page.hasPagination() ? page.getPagination().getNext() : "";
        } while (!token.isEmpty());
        return read;
    }

    private static StoredDocument storedDocument(Vector vector) throws Exception {
        SparseValues sparse = vector.getSparseValues();
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int i = 0; i < sparse.getIndicesCount(); i++) {
            terms.put(sparse.getIndices(i), sparse.getValues(i));
        }
        float[] values = new float[terms.size()];
        int at = 0;
        for (float value : terms.values()) {
            values[at++] = value;
        }
        return new StoredDocument(
                terms.keySet().stream().mapToInt(i -> i).toArray(),
                values,
                vector.getMetadata().containsFields("text")
                        ? vector.getMetadata().getFieldsOrThrow("text").getStringValue()
                        : null,
                fields(vector.getMetadata()).toString());
    }

    /**
     * As documented in docs/sinks/pinecone.md: {@code _fields} takes precedence over other keys.
     */
    private static ObjectNode fields(Struct metadata) throws Exception {
        ObjectNode fields = JSON.createObjectNode();
        for (Map.Entry<String, Value> entry : metadata.getFieldsMap().entrySet()) {
            Value value = entry.getValue();
            switch (entry.getKey()) {
                case "text", "_version", "_fields", "_field_values" -> {}
                default -> {
                    if (value.hasListValue()) {
                        var list = fields.putArray(entry.getKey());
                        value.getListValue()
                                .getValuesList()
                                .forEach(element -> list.add(element.getStringValue()));
                    } else if (value.hasBoolValue()) {
                        fields.put(entry.getKey(), value.getBoolValue());
                    } else if (value.hasStringValue()) {
                        fields.put(entry.getKey(), value.getStringValue());
                    } else if (value.getNumberValue() == Math.rint(value.getNumberValue())) {
                        fields.put(entry.getKey(), (int) value.getNumberValue());
                    } else {
                        fields.put(entry.getKey(), value.getNumberValue());
                    }
                }
            }
        }
        if (metadata.containsFields("_fields")) {
            fields.setAll(
                    (ObjectNode)
                            JSON.readTree(metadata.getFieldsOrThrow("_fields").getStringValue()));
        }
        return fields;
    }

    @Override
    public FaultInjector faults() {
        return standIn == null
                ? null
                : new FaultInjector() {
                    @Override
                    public void down() {
                        standIn.down();
                    }

                    @Override
                    public void up() {
                        standIn.up();
                    }

                    @Override
                    public void stall() {
                        standIn.stall();
                    }

                    @Override
                    public void throttle(int requests) {
                        standIn.throttle(requests);
                    }

                    @Override
                    public void reject(String id) {
                        standIn.reject(id);
                    }
                };
    }

    @Override
    public boolean comparesVersions() {
        return false;
    }

    @Override
    public boolean remembersDeletes() {
        return false;
    }

    @Override
    public boolean storesEmptyVectors() {
        return false;
    }

    @Override
    public int maxTerms() {
        return 2_048;
    }

    @Override
    public ConnectorUri withWrongCredentials(ConnectorUri uri) {
        return uri.withProperties(Map.of("api-key", "another-key"));
    }

    /** Pinecone does not count documents by term. */
    @Override
    public ConnectorUri freshWithIdf(String name) {
        return null;
    }
}
