package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkOptions;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The contract over the REST API; an index is read with plain requests, not by the connector. */
abstract class RestContract extends SinkContract {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final String RUN = "contract-" + System.currentTimeMillis() + "-";

    /** The scheme, which is also a part of the system properties' names. */
    abstract String scheme();

    /** {@code host:port} of the server that the test starts. */
    abstract String local();

    /** The URI of another server: {@code -Dflinksplade.SCHEME.url}; or null. */
    final String configured() {
        return System.getProperty("flinksplade." + scheme() + ".url");
    }

    @Override
    public ConnectorUri fresh(String name) {
        String server = configured() == null ? scheme() + "://" + local() : configured();
        int question = server.indexOf('?');
        String uri =
                (question < 0 ? server : server.substring(0, question))
                        + "/"
                        + RUN
                        + name
                        + (question < 0 ? "" : server.substring(question));
        return ConnectorUri.parse(uri).withProperties(credentials());
    }

    @Override
    public ConnectorUri freshWithText(String name) {
        return fresh(name);
    }

    private Map<String, String> credentials() {
        if (configured() == null) {
            return Map.of(
                    "username", FaultyServer.USERNAME,
                    "password", FaultyServer.PASSWORD);
        }
        Map<String, String> properties = new HashMap<>();
        for (String name : new String[] {"username", "password", "api-key"}) {
            String variable = (scheme() + "_" + name).replace('-', '_');
            String value = System.getenv(variable.toUpperCase(Locale.ROOT));
            if (value != null) {
                properties.put(name, value);
            }
        }
        return properties;
    }

    @Override
    public ConnectorUri withWrongCredentials(ConnectorUri uri) {
        Map<String, String> wrong = new HashMap<>(uri.properties());
        wrong.replace("password", "wrong");
        wrong.replace("api-key", "wrong");
        return wrong.isEmpty() ? null : uri.withProperties(wrong);
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws Exception {
        send(uri, "/_refresh", "");
        JsonNode found = send(uri, "/_search", "{\"size\":10000,\"query\":{\"match_all\":{}}}");
        Map<String, StoredDocument> held = new TreeMap<>();
        for (JsonNode hit : found.at("/hits/hits")) {
            JsonNode source = hit.path("_source");
            JsonNode indices = source.at("/weights/indices");
            int[] ids = new int[indices.size()];
            float[] weights = new float[ids.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = indices.get(i).asInt();
                weights[i] = Float.parseFloat(source.at("/weights/values").get(i).asText());
            }
            held.put(
                    hit.path("_id").asText(),
                    new StoredDocument(
                            ids,
                            weights,
                            source.path("text").textValue(),
                            source.path("fields").toString()));
        }
        return held;
    }

    static JsonNode send(ConnectorUri uri, String path, String body) throws Exception {
        return send("POST", uri, path, body);
    }

    static JsonNode send(String method, ConnectorUri uri, String path, String body)
            throws Exception {
        String scheme = SinkOptions.TLS.get(uri) ? "https:" : "http:";
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(scheme + uri.location() + path))
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body));
        Map<String, String> properties = uri.properties();
        if (properties.containsKey("username")) {
            String both = properties.get("username") + ":" + properties.get("password");
            request.header(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder()
                                    .encodeToString(both.getBytes(StandardCharsets.UTF_8)));
        } else if (properties.containsKey("api-key")) {
            request.header("Authorization", "ApiKey " + properties.get("api-key"));
        }
        HttpResponse<String> response =
                HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() >= 300) {
            throw new IllegalStateException(path + ": " + response.body());
        }
        return JSON.readTree(response.body());
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }

    /** Deleted documents are no longer in the index, but the versions are still known. */
    @Override
    public void forgetDeletes(ConnectorUri uri) throws Exception {
        send(uri, "/_refresh", "");
        send(uri, "/_flush", "");
        send(uri, "/_forcemerge?max_num_segments=1", "");
    }
}
