package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/** Sends plain requests to a Solr, for tests. */
final class SolrReader {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String server;
    private final String user;
    private final String password;

    SolrReader(String server, String user, String password) {
        this.server = server;
        this.user = user;
        this.password = password;
    }

    /** The URI of a collection. */
    ConnectorUri uri(String collection, String options) {
        URI url = URI.create(server);
        ConnectorUri uri =
                ConnectorUri.parse(
                        "solr://"
                                + url.getRawAuthority()
                                + url.getRawPath()
                                + "/"
                                + collection
                                + (url.getScheme().equals("https") ? "?tls=true" : "")
                                + options);
        return user == null
                ? uri
                : uri.withProperties(Map.of("username", user, "password", password));
    }

    /** Sends a request; with a body it is a POST. */
    HttpResponse<String> send(String path, String json) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + path));
        if (user != null) {
            request.header(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder()
                                    .encodeToString(
                                            (user + ":" + password)
                                                    .getBytes(StandardCharsets.UTF_8)));
        }
        if (json != null) {
            request.header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(json));
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    JsonNode request(String path, String json) throws Exception {
        HttpResponse<String> response = send(path, json);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    boolean isInCloudMode() throws Exception {
        return request("/admin/info/system", null).path("mode").asText().equals("solrcloud");
    }

    /** All documents with their stored fields, tombstones too. */
    JsonNode documents(String collection) throws Exception {
        request("/" + collection + "/update?commit=true", "{}");
        return request("/" + collection + "/select?q=*:*&rows=1000000&fl=*", null)
                .at("/response/docs");
    }

    Map<String, StoredDocument> held(String collection) throws Exception {
        Map<String, StoredDocument> held = new TreeMap<>();
        for (JsonNode document : documents(collection)) {
            if (document.has("tokens")) {
                String[] terms = document.path("vector").asText().split(" |\\|");
                int count = terms.length / 2;
                int[] indices = new int[count];
                float[] values = new float[count];
                for (int i = 0; i < count; i++) {
                    indices[i] = Integer.parseInt(terms[2 * i]);
                    values[i] = Float.parseFloat(terms[2 * i + 1]);
                }
                held.put(
                        document.get("id").asText(),
                        new StoredDocument(
                                indices,
                                values,
                                document.path("text").asText(null),
                                document.path("fields").asText(null)));
            }
        }
        return held;
    }
}
