package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a collection needs to store vectors and to compare versions: field types, fields and one
 * update processor. Missing parts are created through Solr's Schema API and Config API; existing
 * ones are compared.
 */
final class SolrSchema {

    static final String ID = "id";
    static final String ORDER = "order";
    static final String VECTOR = "vector";
    static final String TEXT = "text";
    static final String FIELDS = "fields";

    /** The values of the fields, see {@link io.github.flinksplade.connector.FieldTerms}. */
    static final String FIELD_VALUES = "field_values";

    static final String TOKENS = "tokens";
    static final String TRUNCATED = "truncated";
    static final String DELETED_AT = "deleted_at";
    static final String PROVENANCE = "provenance";

    /** The id of the document that contains the provenance of the vectors. */
    static final String PROVENANCE_ID = "flink-splade/provenance";

    /** The name of the update processor that compares versions. */
    static final String PROCESSOR = "flink-splade-order";

    /**
     * Terms are stored by id, in decimal, each with its weight as payload: {@code 2040|1.25
     * 2088|0.5}.
     */
    private static final JsonNode TYPES =
            json(
                    """
                    [{"name": "splade_vector", "class": "solr.TextField",
                      "omitNorms": true,
                      "analyzer": {
                        "tokenizer": {"class": "solr.WhitespaceTokenizerFactory"},
                        "filters": [{"class": "solr.DelimitedPayloadTokenFilterFactory",
                                     "encoder": "float", "delimiter": "|"}]}},
                     {"name": "splade_text", "class": "solr.TextField",
                      "analyzer": {
                        "tokenizer": {"class": "solr.StandardTokenizerFactory"},
                        "filters": [{"class": "solr.LowerCaseFilterFactory"}]}},
                     {"name": "splade_stored", "class": "solr.StrField"},
                     {"name": "splade_long", "class": "solr.LongPointField"},
                     {"name": "splade_boolean", "class": "solr.BoolField"},
                     {"name": "splade_date", "class": "solr.DatePointField"}]
                    """);

    private static final JsonNode FIELD_DEFINITIONS =
            json(
                    """
                    [{"name": "order", "type": "splade_long",
                      "indexed": false, "stored": true, "docValues": true},
                     {"name": "vector", "type": "splade_vector",
                      "indexed": true, "stored": true},
                     {"name": "text", "type": "splade_text",
                      "indexed": true, "stored": true},
                     {"name": "field_values", "type": "splade_stored",
                      "indexed": true, "stored": false, "docValues": false,
                      "multiValued": true},
                     {"name": "fields", "type": "splade_stored",
                      "indexed": false, "stored": true, "docValues": false},
                     {"name": "parent", "type": "splade_stored",
                      "indexed": true, "stored": true, "docValues": true},
                     {"name": "passage", "type": "splade_long",
                      "indexed": true, "stored": true, "docValues": true},
                     {"name": "tokens", "type": "splade_long",
                      "indexed": true, "stored": true, "docValues": true},
                     {"name": "truncated", "type": "splade_boolean",
                      "indexed": false, "stored": true, "docValues": false},
                     {"name": "deleted_at", "type": "splade_date",
                      "indexed": true, "stored": true, "docValues": true},
                     {"name": "provenance", "type": "splade_stored",
                      "indexed": false, "stored": true, "docValues": false}]
                    """);

    static final List<String> FIELD_NAMES = FIELD_DEFINITIONS.findValuesAsText("name");

    private static final JsonNode PROCESSOR_DEFINITION =
            json(
                    """
                    {"name": "flink-splade-order",
                     "class": "solr.DocBasedVersionConstraintsProcessorFactory",
                     "versionField": "order", "ignoreOldUpdates": true,
                     "supportMissingVersionOnOldDocs": true}
                    """);

    private final SolrSettings settings;
    private final SolrConnection connection;

    SolrSchema(SolrSettings settings, SolrConnection connection) {
        this.settings = settings;
        this.connection = connection;
    }

    /**
     * Creates the collection if it is missing and Solr is in cloud mode, adds the missing parts of
     * its schema and configuration, and checks that it contains vectors of the same encoder.
     */
    void createOrCheck(SinkContext context, StartMode start) {
        JsonResponse schema = connection.exchange("/schema", null);
        if (schema.status() == 404) {
            JsonResponse system = connection.exchange(SolrConnection.SYSTEM);
            if (system.status() == 404) {
                throw SolrFailureClassifier.starting(settings, system);
            }
            connection.requireSuccess(system, "find");
            start.requireMayCreate(settings.location());
            create(system.body());
            schema = connection.exchange("/schema", null);
        }
        JsonNode existing = connection.requireSuccess(schema, "read the schema of").path("schema");
        if (!start.mayWrite()) {
            check(context, start, existing);
            return;
        }
        complete(existing);
        if (provenance() == null) {
            requireEmpty();
            start.requireMayCreate(settings.location());
        }
        // Sent even if it exists: Solr skips it then, and it shows whether the user may write and
        // whether the update processor works.
        writeProvenance(context.provenance());
        Provenance stored = provenance();
        if (stored == null) {
            throw new ConnectorException(
                    settings.location()
                            + " does not return a document that was just written to it. Add an"
                            + " updateLog to its configuration");
        }
        context.requireSameEncoder(stored, settings.location(), "name a new collection");
    }

    /** Checks a collection without completing its schema. */
    private void check(SinkContext context, StartMode start, JsonNode schema) {
        requireCompatible(schema);
        Provenance stored = byName(schema, "fields").containsKey(PROVENANCE) ? provenance() : null;
        if (stored == null) {
            requireEmpty();
            start.requireMayCreate(settings.location());
        } else {
            context.requireSameEncoder(stored, settings.location(), "name a new collection");
        }
    }

    /** In cloud mode, a collection is created with the default configset of the server. */
    private void create(JsonNode system) {
        if (!system.path("mode").asText().equals("solrcloud")) {
            throw new ConnectorException(
                    settings.location()
                            + " does not exist, and this Solr is not in cloud mode. Create a core on"
                            + " its machine: bin/solr create -c "
                            + settings.collection);
        }
        connection.requireSuccess(
                connection.exchange(
                        JsonRequest.get(
                                        "/admin/collections?action=CREATE&name="
                                                + JsonRequest.encode(settings.collection)
                                                + "&numShards="
                                                + settings.shards
                                                + "&replicationFactor="
                                                + settings.replicas)
                                .slow()),
                "create");
    }

    private void requireEmpty() {
        long documents =
                connection
                        .requireSuccess(connection.exchange("/select?q=*:*&rows=0", null), "search")
                        .at("/response/numFound")
                        .asLong();
        if (documents > 0) {
            throw new ConnectorException(
                    settings.location()
                            + " contains "
                            + documents
                            + " documents that flink-splade did not write. Name another collection");
        }
    }

    private void writeProvenance(Provenance provenance) {
        ObjectNode document = JsonHttpClient.JSON.createObjectNode();
        document.put(ID, PROVENANCE_ID);
        document.put(ORDER, 0);
        document.put(PROVENANCE, JsonHttpClient.JSON.valueToTree(provenance.toMap()).toString());
        byte[] update =
                JsonHttpClient.JSON
                        .createArrayNode()
                        .add(document)
                        .toString()
                        .getBytes(StandardCharsets.UTF_8);
        JsonResponse response = connection.exchange(connection.updateRequest(update));
        if (response.status() / 100 == 5) {
            // such as a shard without a leader, until another replica is elected
            throw connection.unavailable(response);
        }
        connection.requireSuccess(response, "write to");
    }

    /** The provenance of the vectors, committed or not; null if the collection has none. */
    Provenance provenance() {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.putObject("params").put("id", PROVENANCE_ID).put("fl", PROVENANCE);
        JsonNode stored =
                connection
                        .requireSuccess(connection.exchange("/get", request), "read from")
                        .path("doc")
                        .path(PROVENANCE);
        if (stored.isMissingNode()) {
            return null;
        }
        try {
            return Provenance.fromMap(
                    JsonHttpClient.JSON.readValue(
                            stored.asText(), new TypeReference<Map<String, String>>() {}));
        } catch (JsonProcessingException e) {
            throw new ConnectorException(
                    "the document '"
                            + PROVENANCE_ID
                            + "' in "
                            + settings.location()
                            + " was not written by flink-splade. Name another collection",
                    e);
        }
    }

    /**
     * Adds the missing parts of the schema and the configuration.
     *
     * @param schema the collection's schema
     */
    private void complete(JsonNode schema) {
        requireCompatible(schema);
        ObjectNode commands = JsonHttpClient.JSON.createObjectNode();
        putMissing(commands, "add-field-type", TYPES, byName(schema, "fieldTypes"));
        putMissing(commands, "add-field", FIELD_DEFINITIONS, byName(schema, "fields"));
        if (!commands.isEmpty()) {
            change("/schema?updateTimeoutSecs=60", commands, "schema");
        }
        JsonNode found =
                connection
                        .requireSuccess(
                                connection.exchange("/config/updateProcessor", null),
                                "read the configuration of")
                        .at("/config/updateProcessor/" + PROCESSOR);
        if (found.isMissingNode()) {
            ObjectNode command = JsonHttpClient.JSON.createObjectNode();
            command.set("add-updateprocessor", PROCESSOR_DEFINITION);
            change("/config", command, "configuration");
        } else {
            requireEqual(PROCESSOR_DEFINITION, found, "an update processor '" + PROCESSOR + "'");
        }
    }

    private void change(String path, JsonNode commands, String what) {
        JsonResponse response =
                connection.exchange(connection.collectionRequest(path, commands).slow());
        if (response.status() == 400 || response.status() == 500) {
            throw new ConnectorException(
                    "cannot change the "
                            + what
                            + " of "
                            + settings.location()
                            + ": "
                            + SolrFailureClassifier.reason(response)
                            + ". Use a configset whose schema and configuration Solr may edit, such"
                            + " as _default");
        }
        connection.requireSuccess(response, "change the " + what + " of");
    }

    /** Rejects a schema that changes ids, requires other fields, or defines ours differently. */
    private void requireCompatible(JsonNode schema) {
        Map<String, JsonNode> types = byName(schema, "fieldTypes");
        Map<String, JsonNode> fields = byName(schema, "fields");
        JsonNode id = fields.get(ID);
        if (!schema.path("uniqueKey").asText().equals(ID)
                || id == null
                || !classOf(types.get(id.path("type").asText())).equals("StrField")) {
            throw incompatible("its unique key is not a field 'id' of the class StrField");
        }
        List<String> required = new ArrayList<>();
        fields.forEach(
                (name, field) -> {
                    if (field.path("required").asBoolean()
                            && !field.has("default")
                            && !name.equals(ID)) {
                        required.add(name);
                    }
                });
        if (!required.isEmpty()) {
            throw incompatible("it requires the fields " + required);
        }
        for (JsonNode type : TYPES) {
            JsonNode found = types.get(type.path("name").asText());
            if (found != null && !classOf(found).equals(classOf(type))) {
                throw incompatible("it has a field type '" + type.path("name").asText() + "'");
            }
        }
        for (JsonNode field : FIELD_DEFINITIONS) {
            JsonNode found = fields.get(field.path("name").asText());
            if (found != null) {
                requireEqual(field, found, "a field '" + field.path("name").asText() + "'");
            }
        }
    }

    private void requireEqual(JsonNode expected, JsonNode found, String what) {
        for (Map.Entry<String, JsonNode> part : expected.properties()) {
            if (!part.getValue().equals(found.get(part.getKey()))) {
                throw incompatible(
                        "it has "
                                + what
                                + " whose "
                                + part.getKey()
                                + " is "
                                + found.path(part.getKey()).asText("not set")
                                + " and not "
                                + part.getValue().asText());
            }
        }
    }

    private ConnectorException incompatible(String why) {
        return new ConnectorException(
                settings.location()
                        + " was not created by flink-splade: "
                        + why
                        + ". Name another collection");
    }

    private static void putMissing(
            ObjectNode commands,
            String command,
            JsonNode definitions,
            Map<String, JsonNode> found) {
        ArrayNode missing = JsonHttpClient.JSON.createArrayNode();
        for (JsonNode definition : definitions) {
            if (!found.containsKey(definition.path("name").asText())) {
                missing.add(definition);
            }
        }
        if (!missing.isEmpty()) {
            commands.set(command, missing);
        }
    }

    private static Map<String, JsonNode> byName(JsonNode schema, String list) {
        Map<String, JsonNode> all = new HashMap<>();
        schema.path(list).forEach(part -> all.put(part.path("name").asText(), part));
        return all;
    }

    /** {@code StrField} of {@code solr.StrField} and {@code org.apache.solr.schema.StrField}. */
    private static String classOf(JsonNode type) {
        String name = type == null ? "" : type.path("class").asText();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static JsonNode json(String text) {
        try {
            return JsonHttpClient.JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
