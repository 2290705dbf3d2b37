package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectionSettings.Property;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A client of schema registries with Confluent's REST API. Used once, at start-up.
 *
 * <p>Its credentials are Kafka properties that start with {@code registry.}: {@code
 * registry.username} and {@code registry.password}, or {@code registry.token}; {@code registry.ca}
 * is a PEM file of certificate authorities. They are not passed to Kafka's clients.
 */
final class SchemaRegistryClient {

    static final ConnectorOption<String> REGISTRY =
            ConnectorOption.text(
                    "registry",
                    "a URL",
                    null,
                    "URL of a schema registry, for `avro` and `protobuf`; the schema is registered"
                            + " under `<topic>-value`");

    private static final String PREFIX = "registry.";
    private static final Property[] ACCEPTED = {
        Property.USERNAME, Property.PASSWORD, Property.TOKEN, Property.CA
    };

    /** Kafka properties that belong to the registry. */
    static final Set<String> PROPERTIES =
            Arrays.stream(ACCEPTED)
                    .map(property -> PREFIX + property.key())
                    .collect(Collectors.toUnmodifiableSet());

    /** The names that Confluent's clients use, which users may try. */
    private static final Set<String> CONFLUENT_NAMES =
            Set.of("basic.auth.user.info", "bearer.auth.token");

    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

    private final KafkaSettings settings;
    private final String url;
    private final ConnectionSettings connection;

    private SchemaRegistryClient(
            KafkaSettings settings, String url, ConnectionSettings connection) {
        this.settings = settings;
        this.url = url;
        this.connection = connection;
    }

    /** Rejects invalid URLs. */
    static void checkUrl(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new ConnectorException(
                    REGISTRY.name() + "= is not a URL. Write http://host:8081", e);
        }
        if (uri.getRawUserInfo() != null) {
            // The URL is not quoted: it contains a password.
            throw new ConnectorException(
                    REGISTRY.name()
                            + "= contains credentials. Write them as the Kafka properties "
                            + PREFIX
                            + Property.USERNAME.key()
                            + " and "
                            + PREFIX
                            + Property.PASSWORD.key());
        }
        if (!Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
                || uri.getHost() == null
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null) {
            throw new ConnectorException(
                    REGISTRY.name()
                            + "="
                            + url
                            + " is not the URL of a schema registry. Write http://host:8081");
        }
    }

    /**
     * Reads the credentials, without connecting.
     *
     * @throws ConnectorException if they are incomplete, ambiguous or misspelled
     */
    static SchemaRegistryClient of(KafkaSettings settings, String url) {
        return of(settings, url, ConnectionSettings.DEFAULT_REQUEST_TIMEOUT);
    }

    static SchemaRegistryClient of(KafkaSettings settings, String url, Duration requestTimeout) {
        checkProperties(settings);
        ConnectionSettings.Origin origin =
                new ConnectionSettings.Origin(
                        "kafka.properties",
                        PREFIX,
                        settings::registryProperty,
                        "SCHEMA_REGISTRY",
                        System::getenv);
        return new SchemaRegistryClient(
                settings,
                url.replaceFirst("/+$", ""),
                ConnectionSettings.of(
                        origin,
                        "the schema registry at " + url,
                        url.startsWith("https:"),
                        requestTimeout,
                        ACCEPTED));
    }

    private static void checkProperties(KafkaSettings settings) {
        for (String name : settings.properties().stringPropertyNames()) {
            if (name.startsWith(PREFIX) || CONFLUENT_NAMES.contains(name)) {
                String nearest = ConnectorUri.nearest(name, PROPERTIES);
                throw new ConnectorException(
                        "unknown property '"
                                + name
                                + "' of the schema registry in kafka.properties"
                                + (nearest == null ? "" : "; did you mean '" + nearest + "'?")
                                + ". Known: "
                                + PROPERTIES.stream().sorted().toList());
            }
        }
    }

    /**
     * Registers a schema for the values of the topic, if it is not registered yet.
     *
     * @param type {@code AVRO} or {@code PROTOBUF}
     * @return the schema's id
     * @throws UnreachableException if the registry is unavailable
     */
    int register(String type, String schema) {
        String subject = settings.topic() + "-value";
        JsonResponse response = send(subject, type, schema);
        if (response.status() == 200 && response.body().path("id").canConvertToInt()) {
            return response.body().path("id").intValue();
        }
        String message = response.body().path("message").textValue();
        String reason = message == null ? "" : " (" + message + ")";
        if (response.isUnavailable() || response.status() / 100 == 5) {
            throw new UnreachableException(
                    "the schema registry at "
                            + url
                            + " is unavailable: "
                            + response.describeStatus()
                            + reason
                            + ". Wait until it has recovered",
                    null);
        }
        throw new ConnectorException(
                switch (response.status()) {
                    case 401, 403 ->
                            "the schema registry at "
                                    + url
                                    + (connection.hasCredentials()
                                            ? " rejects the credentials (HTTP "
                                            : " requires credentials, and none are set (HTTP ")
                                    + response.status()
                                    + "). "
                                    + connection.credentialsHint();
                    case 409 ->
                            "the schema registry at "
                                    + url
                                    + " contains another schema for '"
                                    + subject
                                    + "', which this one is not compatible with"
                                    + reason
                                    + ". Write to another topic";
                    case 422 ->
                            "the schema registry at "
                                    + url
                                    + " does not support schemas of type "
                                    + type
                                    + reason
                                    + ". Use another format";
                    default ->
                            message != null
                                    ? "the schema registry at "
                                            + url
                                            + " did not register the schema of '"
                                            + subject
                                            + "': "
                                            + response.describeStatus()
                                            + reason
                                    : url
                                            + " does not respond like a schema registry ("
                                            + response.describeStatus()
                                            + "). Correct "
                                            + REGISTRY.name()
                                            + "= in "
                                            + settings;
                });
    }

    private JsonResponse send(String subject, String type, String schema) {
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.put("schemaType", type).put("schema", schema);
        String path = "/subjects/" + JsonRequest.encode(subject) + "/versions";
        try (JsonHttpClient http = new JsonHttpClient(url, connection)) {
            return http.exchange(JsonRequest.of("POST", path, body).withContentType(CONTENT_TYPE));
        } catch (IOException e) {
            throw new UnreachableException(
                    "the schema registry at "
                            + url
                            + " is unavailable: "
                            + e.getMessage()
                            + ". Start it, or correct "
                            + REGISTRY.name()
                            + "= in "
                            + settings,
                    e);
        }
    }
}
