package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectionSettings.Property;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.connector.kafka.ConfluentWireFormat.Framed;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A client of schema registries with Confluent's REST API. A schema is registered when a job
 * starts, and looked up when its id is first read, so no connection is kept open.
 *
 * <p>Its credentials are Kafka properties that start with {@code registry.}: {@code
 * registry.username} and {@code registry.password}, or {@code registry.token}; {@code registry.ca}
 * is a PEM file of certificate authorities. They are not passed to Kafka's clients.
 */
final class SchemaRegistryClient implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The option of sinks. */
    static final ConnectorOption<String> REGISTRY =
            option(
                    "URL of a schema registry, for `avro` and `protobuf`; the schema is registered"
                            + " under `<topic>-value`");

    /** The option of sources. */
    static final ConnectorOption<String> SOURCE_REGISTRY =
            option(
                    "URL of the schema registry that contains the schemas, for `avro`, `protobuf`"
                            + " and `json-schema`");

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

    /** Max depth of references. */
    private static final int MAX_REFERENCES = 100;

    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

    /**
     * A schema and, by name, those that it refers to: each after those that it refers to itself.
     */
    record RegisteredSchema(String type, String text, Map<String, String> references) {}

    private final KafkaSettings settings;
    private final String url;
    private final ConnectionSettings connection;

    private static ConnectorOption<String> option(String description) {
        return ConnectorOption.text("registry", "a URL", null, description);
    }

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
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.put("schemaType", type).put("schema", schema);
        JsonResponse response =
                send(
                        JsonRequest.of(
                                        "POST",
                                        "/subjects/" + JsonRequest.encode(subject) + "/versions",
                                        body)
                                .withContentType(CONTENT_TYPE));
        if (response.status() == 200 && response.body().path("id").canConvertToInt()) {
            return response.body().path("id").intValue();
        }
        throw switch (response.status()) {
            case 409 ->
                    new ConnectorException(
                            this
                                    + " contains another schema for '"
                                    + subject
                                    + "', which this one is not compatible with"
                                    + reason(response)
                                    + ". Write to another topic");
            case 422 ->
                    new ConnectorException(
                            this
                                    + " does not support schemas of type "
                                    + type
                                    + reason(response)
                                    + ". Use another format");
            default -> failure(response, "register the schema of '" + subject + "'");
        };
    }

    /**
     * Checks that the registry is available and accepts the credentials.
     *
     * @throws UnreachableException if it is unavailable
     */
    void check() {
        JsonResponse response = send(JsonRequest.get("/schemas/types"));
        // registries before 5.5 of Confluent's do not have this resource
        if (!response.body().isArray() && !(response.status() == 404 && isError(response))) {
            throw failure(response, "return the types of schemas");
        }
    }

    /**
     * Looks up a schema and those that it refers to.
     *
     * @throws InvalidRecordException if the registry does not have it
     * @throws UnreachableException if the registry is unavailable
     */
    RegisteredSchema schema(Object id) throws InvalidRecordException {
        JsonNode schema =
                id instanceof Integer number
                        ? lookUp(
                                "/schemas/ids/" + Integer.toUnsignedString(number),
                                Framed.describe(id))
                        : lookUp(
                                "/schemas/guids/" + id,
                                Framed.describe(id) + "; older registries have no GUIDs");
        Map<String, String> references = new LinkedHashMap<>();
        addReferences(schema, references, 0);
        return new RegisteredSchema(
                // Avro is the type of a schema that does not state it
                schema.path("schemaType").asText("AVRO"),
                schema.path("schema").textValue(),
                references);
    }

    private void addReferences(JsonNode schema, Map<String, String> references, int depth)
            throws InvalidRecordException {
        if (depth > MAX_REFERENCES) {
            throw unknown("its references are nested too deeply");
        }
        for (JsonNode reference : schema.path("references")) {
            String name = reference.path("name").asText();
            if (references.containsKey(name)) {
                continue;
            }
            String subject = reference.path("subject").asText();
            String version = reference.path("version").asText();
            JsonNode referenced =
                    lookUp(
                            "/subjects/"
                                    + JsonRequest.encode(subject)
                                    + "/versions/"
                                    + JsonRequest.encode(version)
                                    + "?deleted=true",
                            "version " + version + " of subject '" + subject + "'");
            addReferences(referenced, references, depth + 1);
            references.put(name, referenced.path("schema").textValue());
        }
    }

    private JsonNode lookUp(String path, String what) throws InvalidRecordException {
        JsonResponse response = send(JsonRequest.get(path));
        if (response.status() == 200 && response.body().path("schema").isTextual()) {
            return response.body();
        }
        if (response.status() == 404 && isError(response)) {
            throw unknown(what);
        }
        if (response.status() == 404) {
            // the proxy of a registry that is starting
            throw new UnreachableException(
                    url
                            + " does not respond like a schema registry ("
                            + response.describeStatus()
                            + "). Wait until it has recovered",
                    null);
        }
        throw failure(response, "return " + what);
    }

    private InvalidRecordException unknown(String detail) {
        return new InvalidRecordException(
                Reason.SCHEMA, this + " does not have the schema of the record", detail);
    }

    /** Whether it is an error of the registry, not of a proxy. */
    private static boolean isError(JsonResponse response) {
        return response.body().path("error_code").isInt();
    }

    /** The registry's own reason in parentheses, or nothing. */
    private static String reason(JsonResponse response) {
        String message = response.body().path("message").textValue();
        return message == null ? "" : " (" + message + ")";
    }

    private ConnectorException failure(JsonResponse response, String action) {
        String reason = reason(response);
        if (response.isUnavailable() || response.status() / 100 == 5) {
            return new UnreachableException(
                    this
                            + " is unavailable: "
                            + response.describeStatus()
                            + reason
                            + ". Wait until it has recovered",
                    null);
        }
        if (response.status() == 401 || response.status() == 403) {
            return new ConnectorException(
                    this
                            + (connection.hasCredentials()
                                    ? " rejects the credentials (HTTP "
                                    : " requires credentials, and none are set (HTTP ")
                            + response.status()
                            + "). "
                            + connection.credentialsHint());
        }
        return new ConnectorException(
                reason.isEmpty()
                        ? url
                                + " does not respond like a schema registry ("
                                + response.describeStatus()
                                + "). Correct "
                                + REGISTRY.name()
                                + "= in "
                                + settings
                        : this + " did not " + action + ": " + response.describeStatus() + reason);
    }

    private JsonResponse send(JsonRequest request) {
        try (JsonHttpClient http = new JsonHttpClient(url, connection)) {
            return http.exchange(request);
        } catch (IOException e) {
            throw new UnreachableException(
                    this
                            + " is unavailable: "
                            + e.getMessage()
                            + ". Start it, or correct "
                            + REGISTRY.name()
                            + "= in "
                            + settings,
                    e);
        }
    }

    @Override
    public String toString() {
        return "the schema registry at " + url;
    }
}
