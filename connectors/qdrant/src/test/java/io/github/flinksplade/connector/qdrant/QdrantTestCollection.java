package io.github.flinksplade.connector.qdrant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.StoredDocument;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import io.qdrant.client.grpc.Collections.CollectionInfo;
import io.qdrant.client.grpc.Collections.DeleteCollection;
import io.qdrant.client.grpc.Collections.GetCollectionInfoRequest;
import io.qdrant.client.grpc.CollectionsGrpc;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import io.qdrant.client.grpc.PointsGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The collections that the tests write to, on a stand-in or on the server of {@code
 * flinksplade.qdrant.url}. They are read through the published services, without the connector.
 */
final class QdrantTestCollection implements AutoCloseable {

    /** The API key of the stand-in. */
    private static final String KEY = "key-of-the-stand-in";

    private final QdrantStandIn standIn;
    private final String server;
    private final boolean tls;
    private final String apiKey;
    private final ManagedChannel channel;
    private final PointsGrpc.PointsBlockingStub points;
    private final CollectionsGrpc.CollectionsBlockingStub collections;
    private final List<String> created = new ArrayList<>();

    private QdrantTestCollection(QdrantStandIn standIn, String server, boolean tls, String apiKey) {
        this.standIn = standIn;
        this.server = server;
        this.tls = tls;
        this.apiKey = apiKey;
        this.channel =
                Grpc.newChannelBuilder(
                                server,
                                tls
                                        ? TlsChannelCredentials.create()
                                        : InsecureChannelCredentials.create())
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        .intercept(MetadataUtils.newAttachHeadersInterceptor(headers(apiKey)))
                        .build();
        this.points = PointsGrpc.newBlockingStub(channel);
        this.collections = CollectionsGrpc.newBlockingStub(channel);
    }

    private static Metadata headers(String apiKey) {
        Metadata headers = new Metadata();
        if (apiKey != null) {
            headers.put(Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER), apiKey);
        }
        return headers;
    }

    static QdrantTestCollection open() {
        String url = System.getProperty("flinksplade.qdrant.url");
        if (url == null || url.isEmpty()) {
            QdrantStandIn standIn = new QdrantStandIn("1.18.3", KEY);
            return new QdrantTestCollection(standIn, "localhost:" + standIn.port(), false, KEY);
        }
        return new QdrantTestCollection(
                null,
                url,
                Boolean.getBoolean("flinksplade.qdrant.tls"),
                System.getenv("QDRANT_API_KEY"));
    }

    /** Null if the tests use a real server. */
    QdrantStandIn standIn() {
        return standIn;
    }

    String apiKey() {
        return apiKey;
    }

    /** The URI of a collection that does not exist yet. */
    ConnectorUri fresh(String name, String options) {
        String collection = standIn == null ? name + "-" + System.nanoTime() : name;
        created.add(collection);
        ConnectorUri uri =
                ConnectorUri.parse(
                        "qdrant://" + server + "/" + collection + "?tls=" + tls + "&" + options);
        return apiKey == null ? uri : uri.withProperties(Map.of("api-key", apiKey));
    }

    static String collection(ConnectorUri uri) {
        return uri.location().substring(uri.location().lastIndexOf('/') + 1);
    }

    PointsGrpc.PointsBlockingStub points() {
        return points;
    }

    CollectionsGrpc.CollectionsBlockingStub collections() {
        return collections;
    }

    CollectionInfo info(ConnectorUri uri) {
        return collections
                .get(
                        GetCollectionInfoRequest.newBuilder()
                                .setCollectionName(collection(uri))
                                .build())
                .getResult();
    }

    void drop(ConnectorUri uri) {
        drop(collection(uri));
    }

    private void drop(String collection) {
        collections.delete(DeleteCollection.newBuilder().setCollectionName(collection).build());
    }

    /** All points, including tombstones. */
    List<RetrievedPoint> points(ConnectorUri uri) {
        List<RetrievedPoint> all = new ArrayList<>();
        ScrollPoints.Builder request =
                ScrollPoints.newBuilder().setCollectionName(collection(uri)).setLimit(1_000);
        request.getWithPayloadBuilder().setEnable(true);
        request.getWithVectorsBuilder().setEnable(true);
        ScrollResponse page;
        do {
            page = points.scroll(request.build());
            all.addAll(page.getResultList());
            request.setOffset(page.getNextPageOffset());
        } while (page.hasNextPageOffset());
        return all;
    }

    Map<String, StoredDocument> held(ConnectorUri uri) {
        Map<String, StoredDocument> held = new TreeMap<>();
        for (RetrievedPoint point : points(uri)) {
            Map<String, Value> metadata =
                    point.getPayloadOrThrow("flink_splade").getStructValue().getFieldsMap();
            if (!metadata.containsKey("deleted")) {
                TreeMap<Integer, Float> terms = new TreeMap<>();
                point.getVectors()
                        .getVectors()
                        .getVectorsMap()
                        .values()
                        .forEach(vector -> terms.putAll(StandInCollection.terms(vector)));
                float[] values = new float[terms.size()];
                int at = 0;
                for (float value : terms.values()) {
                    values[at++] = value;
                }
                held.put(
                        metadata.get("id").getStringValue(),
                        new StoredDocument(
                                terms.keySet().stream().mapToInt(Integer::intValue).toArray(),
                                values,
                                point.containsPayload("text")
                                        ? point.getPayloadOrThrow("text").getStringValue()
                                        : null,
                                fields(point.getPayloadMap())));
            }
        }
        return held;
    }

    /** The fields, converted here and not by the connector, whose conversion is under test. */
    private static String fields(Map<String, Value> payload) {
        ObjectNode fields = object(payload);
        fields.remove(List.of("text", "flink_splade"));
        return fields.toString();
    }

    static ObjectNode object(Map<String, Value> values) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        values.forEach((name, value) -> object.set(name, json(value)));
        return object;
    }

    private static JsonNode json(Value value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (value.getKindCase()) {
            case STRUCT_VALUE -> object(value.getStructValue().getFieldsMap());
            case LIST_VALUE -> {
                ArrayNode array = nodes.arrayNode();
                value.getListValue().getValuesList().forEach(one -> array.add(json(one)));
                yield array;
            }
            case INTEGER_VALUE -> nodes.numberNode(value.getIntegerValue());
            case DOUBLE_VALUE -> nodes.numberNode(value.getDoubleValue());
            case BOOL_VALUE -> nodes.booleanNode(value.getBoolValue());
            case STRING_VALUE -> nodes.textNode(value.getStringValue());
            case NULL_VALUE, KIND_NOT_SET -> nodes.nullNode();
        };
    }

    @Override
    public void close() {
        if (standIn == null) {
            created.forEach(this::drop);
        } else {
            standIn.close();
        }
        channel.shutdownNow();
    }
}
