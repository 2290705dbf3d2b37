package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Set;

/**
 * A schema registry with Confluent's REST API, asked once, at start-up. It is reached at its own
 * URL only: redirects are not followed.
 */
final class SchemaRegistry {

    static final String OPTION = "registry";

    private static final String USER_INFO = "basic.auth.user.info";
    private static final String TOKEN = "bearer.auth.token";

    /** Kafka properties that are the registry's, under the names of Confluent's clients. */
    static final Set<String> PROPERTIES = Set.of(USER_INFO, TOKEN);

    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final KafkaAddress address;
    private final String url;

    private SchemaRegistry(KafkaAddress address, String url) {
        this.address = address;
        this.url = url;
    }

    /** Refuses a URL that is none. */
    static void checkUrl(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new ConnectorException(OPTION + "= is not a URL; write http://host:8081", e);
        }
        if (uri.getRawUserInfo() != null) {
            // The URL is not repeated: it holds a password.
            throw new ConnectorException(
                    OPTION
                            + "= holds a login; put it into the Kafka property "
                            + USER_INFO
                            + ", as user:password");
        }
        if (!Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
                || uri.getHost() == null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            throw new ConnectorException(OPTION + "=" + url + ": write http://host:8081");
        }
    }

    static SchemaRegistry of(KafkaAddress address, String url) {
        return new SchemaRegistry(address, url.replaceFirst("/+$", ""));
    }

    /**
     * Registers a schema for the values of the address's topic, or finds it registered.
     *
     * @param type {@code AVRO} or {@code PROTOBUF}
     * @return the schema's id
     */
    int register(String type, String schema) {
        String subject = address.topic() + "-value";
        HttpResponse<String> response = send(subject, type, schema);
        JsonNode answer = parse(response.body());
        if (response.statusCode() == 200 && answer.path("id").canConvertToInt()) {
            return answer.path("id").intValue();
        }
        String said =
                answer.path("message").isTextual() ? answer.path("message").textValue() : null;
        throw new ConnectorException(
                switch (response.statusCode()) {
                    case 401, 403 ->
                            "the schema registry at "
                                    + url
                                    + " refused the login; set the Kafka property "
                                    + USER_INFO
                                    + " to user:password, or "
                                    + TOKEN;
                    case 409 ->
                            "the schema registry at "
                                    + url
                                    + " holds another schema of '"
                                    + subject
                                    + "', which this one is not compatible with"
                                    + quoted(said)
                                    + "; write to another topic";
                    case 422 ->
                            "the schema registry at "
                                    + url
                                    + " does not take a schema of type "
                                    + type
                                    + quoted(said)
                                    + "; take another format";
                    default ->
                            said != null
                                    ? "the schema registry at "
                                            + url
                                            + " did not register the schema of '"
                                            + subject
                                            + "': HTTP "
                                            + response.statusCode()
                                            + quoted(said)
                                    : url
                                            + " answers, but not as a schema registry does (HTTP "
                                            + response.statusCode()
                                            + "); correct "
                                            + OPTION
                                            + "= in "
                                            + address;
                });
    }

    private HttpResponse<String> send(String subject, String type, String schema) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url + "/subjects/" + subject + "/versions"))
                        .timeout(ANSWER)
                        .header("Content-Type", CONTENT_TYPE)
                        .header("Accept", CONTENT_TYPE);
        String login = address.registryProperty(USER_INFO);
        String token = address.registryProperty(TOKEN);
        if (login != null) {
            byte[] bytes = login.getBytes(StandardCharsets.UTF_8);
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes));
        } else if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            request.POST(
                    HttpRequest.BodyPublishers.ofString(
                            JSON.writeValueAsString(Map.of("schemaType", type, "schema", schema))));
            return HttpClient.newBuilder()
                    .connectTimeout(CONNECT)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .build()
                    .send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (HttpTimeoutException e) {
            throw unreachable("no answer in time", e);
        } catch (ConnectException e) {
            throw unreachable("nothing listens there, or the host is not known", e);
        } catch (IOException e) {
            throw unreachable(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectorException("stopped while waiting for " + url, e);
        }
    }

    private ConnectorException unreachable(String why, IOException cause) {
        return new ConnectorException(
                "the schema registry at "
                        + url
                        + " cannot be reached ("
                        + why
                        + "); start it or correct "
                        + OPTION
                        + "= in "
                        + address,
                cause);
    }

    private static JsonNode parse(String body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            // what is no JSON is told by its status
            return MissingNode.getInstance();
        }
    }

    private static String quoted(String said) {
        return said == null ? "" : " (" + said + ")";
    }
}
