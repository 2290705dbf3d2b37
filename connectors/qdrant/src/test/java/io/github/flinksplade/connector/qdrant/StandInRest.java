package io.github.flinksplade.connector.qdrant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.StatusRuntimeException;
import io.qdrant.client.QueryFactory;
import io.qdrant.client.WithPayloadSelectorFactory;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.ScoredPoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The REST call of docs/sinks/qdrant.md, {@code POST /collections/{name}/points/query}, served from
 * the {@link QdrantStandIn}. Its format is {@code QueryRequest} and {@code QueryResponse} in
 * docs/redoc/master/openapi.json of qdrant/qdrant at v1.18.3.
 */
final class StandInRest implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final QdrantStandIn standIn;
    private final String apiKey;
    private final HttpServer http;

    StandInRest(QdrantStandIn standIn, String apiKey) throws IOException {
        this.standIn = standIn;
        this.apiKey = apiKey;
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        http.createContext("/", this::handle);
        http.start();
    }

    String url() {
        return "http://localhost:" + http.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String[] path = exchange.getRequestURI().getPath().split("/");
            ObjectNode body = JSON.createObjectNode();
            int code = 200;
            if (!apiKey.equals(exchange.getRequestHeaders().getFirst("api-key"))) {
                code = 401;
                body.putObject("status").put("error", "Invalid API key or JWT");
            } else if (path.length != 5 || !path[4].equals("query")) {
                code = 404;
                body.putObject("status").put("error", "the stand-in does not implement this call");
            } else {
                try {
                    points(path[2], JSON.readTree(exchange.getRequestBody()), body);
                } catch (StatusRuntimeException e) {
                    code = 400;
                    body.putObject("status").put("error", e.getStatus().getDescription());
                }
            }
            byte[] bytes = JSON.writeValueAsBytes(body);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(code, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private void points(String collection, JsonNode request, ObjectNode body) {
        List<Float> values = new ArrayList<>();
        List<Integer> indices = new ArrayList<>();
        request.at("/query/values").forEach(value -> values.add(value.floatValue()));
        request.at("/query/indices").forEach(index -> indices.add(index.intValue()));
        QueryPoints query =
                QueryPoints.newBuilder()
                        .setUsing(request.path("using").asText())
                        .setQuery(QueryFactory.nearest(values, indices))
                        .setLimit(request.path("limit").asInt(10))
                        .setWithPayload(WithPayloadSelectorFactory.enable(true))
                        .build();
        ArrayNode points = body.putObject("result").putArray("points");
        for (ScoredPoint found : standIn.collection(collection).query(query)) {
            ObjectNode point = points.addObject();
            if (found.getId().hasNum()) {
                point.put("id", found.getId().getNum());
            } else {
                point.put("id", found.getId().getUuid());
            }
            point.put("version", 0).put("score", found.getScore());
            point.set(
                    "payload",
                    payload(
                            QdrantTestCollection.object(found.getPayloadMap()),
                            request.path("with_payload")));
        }
        body.put("status", "ok").put("time", 0.0);
    }

    /** The whole payload, or the listed paths. */
    private static ObjectNode payload(ObjectNode all, JsonNode paths) {
        if (!paths.isArray()) {
            return all;
        }
        ObjectNode chosen = JSON.createObjectNode();
        for (JsonNode path : paths) {
            String[] names = path.asText().split("\\.");
            ObjectNode into = chosen;
            JsonNode from = all;
            for (int i = 0; i < names.length - 1; i++) {
                into = into.withObjectProperty(names[i]);
                from = from.path(names[i]);
            }
            String last = names[names.length - 1];
            if (from.has(last)) {
                into.set(last, from.get(last));
            }
        }
        return chosen;
    }

    @Override
    public void close() {
        http.stop(0);
    }
}
