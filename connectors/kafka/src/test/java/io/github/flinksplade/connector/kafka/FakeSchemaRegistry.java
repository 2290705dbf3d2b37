package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaParseException;

/**
 * The part of a schema registry's REST API that the connector uses, written from its published
 * definition: confluentinc/schema-registry,
 * core/generated/swagger-ui/schema-registry-api-spec.yaml.
 */
public final class FakeSchemaRegistry implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern BY_ID = Pattern.compile("/schemas/ids/(\\d{1,9})");
    private static final Pattern BY_GUID =
            Pattern.compile("/schemas/guids/00000000-0000-0001-0000-([0-9a-f]{12})");
    private static final Pattern REGISTER = Pattern.compile("/subjects/([^/]+)/versions");

    private static final Pattern VERSION = Pattern.compile("/subjects/([^/]+)/versions/(\\d{1,9})");

    /** A schema. By definition it has the same id under all subjects. */
    record Registered(String type, String schema, List<Reference> references) {

        Registered(String type, String schema) {
            this(type, schema, List.of());
        }
    }

    /** A reference to a version of a subject, which has a name in the schema. */
    public record Reference(String name, String subject, int version) {}

    private final HttpServer server;
    private final List<Registered> schemas = new ArrayList<>();
    private final Map<String, List<Integer>> subjects = new LinkedHashMap<>();
    private String authorization;
    private String nextBody;
    private int nextStatus;
    private boolean isUnavailable;
    private int requests;
    private int failingLookUps;
    private Set<String> types = Set.of("AVRO", "PROTOBUF");

    private FakeSchemaRegistry(HttpServer server) {
        this.server = server;
    }

    public static FakeSchemaRegistry start() throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        FakeSchemaRegistry registry = new FakeSchemaRegistry(server);
        // Other schemas, so that ids and versions differ.
        for (int i = 0; i < 3; i++) {
            registry.schemas.add(new Registered("AVRO", "{\"type\":\"fixed\",\"name\":\"x" + i));
        }
        server.createContext("/", registry::respond);
        server.start();
        return registry;
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    synchronized void requireCredentials(String userAndPassword) {
        authorization =
                "Basic "
                        + Base64.getEncoder()
                                .encodeToString(userAndPassword.getBytes(StandardCharsets.UTF_8));
    }

    public synchronized void requireToken(String token) {
        authorization = "Bearer " + token;
    }

    synchronized void acceptOnly(String type) {
        types = Set.of(type);
    }

    /** Sets the response to the next request. */
    synchronized void respondNext(int status, String body) {
        nextStatus = status;
        nextBody = body;
    }

    /** Whether the registry responds with 503. */
    synchronized void setUnavailable(boolean value) {
        isUnavailable = value;
    }

    /** Responds to the next requests for schemas by id with 503. */
    public synchronized void failLookUps(int number) {
        failingLookUps = number;
    }

    /** Number of requests so far. */
    synchronized int requests() {
        return requests;
    }

    synchronized Registered schema(int id) {
        return schemas.get(id - 1);
    }

    synchronized List<Integer> versions(String subject) {
        return List.copyOf(subjects.getOrDefault(subject, List.of()));
    }

    /** Registers a schema as another client would. */
    public synchronized int register(
            String subject, String type, String schema, Reference... references) {
        int id = id(new Registered(type, schema, List.of(references)));
        subjects.computeIfAbsent(subject, name -> new ArrayList<>()).add(id);
        return id;
    }

    /** The GUID of a schema. */
    static UUID guid(int id) {
        return new UUID(1, id);
    }

    private int id(Registered registered) {
        if (!schemas.contains(registered)) {
            schemas.add(registered);
        }
        return schemas.indexOf(registered) + 1;
    }

    private synchronized void respond(HttpExchange exchange) throws IOException {
        byte[] request = exchange.getRequestBody().readAllBytes();
        requests++;
        if (isUnavailable) {
            send(exchange, 503, "");
            return;
        }
        if (nextBody != null) {
            String body = nextBody;
            nextBody = null;
            send(exchange, nextStatus, body);
            return;
        }
        if (authorization != null
                && !authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            error(exchange, 401, 401, "Unauthorized");
            return;
        }
        Matcher byId = BY_ID.matcher(exchange.getRequestURI().getPath());
        if (byId.matches() && failingLookUps > 0) {
            failingLookUps--;
            send(exchange, 503, "");
            return;
        }
        Matcher byGuid = BY_GUID.matcher(exchange.getRequestURI().getPath());
        if ((byId.matches() || byGuid.matches()) && exchange.getRequestMethod().equals("GET")) {
            int id =
                    byId.matches()
                            ? Integer.parseInt(byId.group(1))
                            : Integer.parseInt(byGuid.group(1), 16);
            if (id < 1 || id > schemas.size()) {
                error(exchange, 404, 40403, "Schema " + id + " not found");
            } else {
                send(exchange, 200, json(schema(id)));
            }
            return;
        }
        if (exchange.getRequestURI().getPath().equals("/schemas/types")) {
            send(exchange, 200, JSON.writeValueAsString(types));
            return;
        }
        Matcher byVersion = VERSION.matcher(exchange.getRequestURI().getPath());
        if (byVersion.matches() && exchange.getRequestMethod().equals("GET")) {
            List<Integer> ids = versions(byVersion.group(1));
            int version = Integer.parseInt(byVersion.group(2));
            if (version < 1 || version > ids.size()) {
                error(exchange, 404, 40402, "Version " + version + " not found.");
            } else {
                send(exchange, 200, json(schema(ids.get(version - 1))));
            }
            return;
        }
        Matcher path = REGISTER.matcher(exchange.getRequestURI().getPath());
        if (!path.matches() || !exchange.getRequestMethod().equals("POST")) {
            error(exchange, 404, 404, "HTTP 404 Not Found");
            return;
        }
        String contentType = exchange.getRequestHeaders().getFirst("Content-Type");
        if (!"application/vnd.schemaregistry.v1+json".equals(contentType)) {
            error(exchange, 415, 415, "HTTP 415 Unsupported Media Type");
            return;
        }
        JsonNode body = JSON.readTree(request);
        String type = body.path("schemaType").asText("AVRO");
        String schema = body.path("schema").asText();
        if (!types.contains(type)) {
            error(exchange, 422, 42201, "Invalid schema type " + type);
            return;
        }
        String subject = path.group(1);
        List<Integer> versions = subjects.computeIfAbsent(subject, name -> new ArrayList<>());
        if (type.equals("AVRO")) {
            Schema parsed;
            try {
                parsed = new Schema.Parser().parse(schema);
            } catch (SchemaParseException e) {
                error(exchange, 422, 42201, "Invalid schema");
                return;
            }
            for (int version : versions) {
                Schema before = new Schema.Parser().parse(schema(version).schema());
                if (SchemaCompatibility.checkReaderWriterCompatibility(parsed, before).getType()
                        != SchemaCompatibilityType.COMPATIBLE) {
                    error(
                            exchange,
                            409,
                            409,
                            "Schema being registered is incompatible with an earlier schema for"
                                    + " subject \""
                                    + subject
                                    + "\"");
                    return;
                }
            }
        }
        int id = id(new Registered(type, schema));
        if (!versions.contains(id)) {
            versions.add(id);
        }
        send(exchange, 200, "{\"id\":" + id + "}");
    }

    /** The type of an Avro schema and empty references are left out, as by Confluent's registry. */
    private static String json(Registered schema) throws IOException {
        Map<String, Object> response = new LinkedHashMap<>();
        response.put("schema", schema.schema());
        if (!schema.type().equals("AVRO")) {
            response.put("schemaType", schema.type());
        }
        if (!schema.references().isEmpty()) {
            response.put("references", schema.references());
        }
        return JSON.writeValueAsString(response);
    }

    private static void error(HttpExchange exchange, int status, int code, String message)
            throws IOException {
        send(
                exchange,
                status,
                JSON.writeValueAsString(Map.of("error_code", code, "message", message)));
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/vnd.schemaregistry.v1+json");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
