package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a collection needs so that vectors can be held in order: field types, fields and one update
 * processor. All of it is made through Solr's Schema API and Config API, and what is there already
 * is compared.
 */
final class SolrSchema {

    static final String ID = "id";
    static final String ORDER = "order";
    static final String VECTOR = "vector";
    static final String TEXT = "text";
    static final String FIELDS = "fields";
    static final String TOKENS = "tokens";
    static final String TRUNCATED = "truncated";
    static final String DELETED_AT = "deleted_at";
    static final String PROVENANCE = "provenance";

    /** The update processor that keeps what is newer, under the name that requests give. */
    static final String PROCESSOR = "flink-splade-order";

    /**
     * Terms are held by id, in decimal, each with its weight as payload: {@code 2040|1.25
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
                     {"name": "text", "type": "splade_stored",
                      "indexed": false, "stored": true, "docValues": false},
                     {"name": "fields", "type": "splade_stored",
                      "indexed": false, "stored": true, "docValues": false},
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

    private final SolrConnection solr;

    SolrSchema(SolrConnection solr) {
        this.solr = solr;
    }

    /**
     * Makes what is missing of the schema and the configuration.
     *
     * @param schema the collection's schema, as Solr gives it
     */
    void complete(JsonNode schema) {
        requireOwn(schema);
        ObjectNode commands = JsonHttpClient.JSON.createObjectNode();
        putMissing(commands, "add-field-type", TYPES, byName(schema, "fieldTypes"));
        putMissing(commands, "add-field", FIELD_DEFINITIONS, byName(schema, "fields"));
        if (!commands.isEmpty()) {
            change("/schema?updateTimeoutSecs=60", commands, "schema");
        }
        JsonNode found =
                require(solr.ask("/config/updateProcessor", null), "read the configuration of")
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
        JsonResponse answer = solr.exchange(solr.ofCollection(path, commands).slow());
        if (answer.status() == 400 || answer.status() == 500) {
            throw new ConnectorException(
                    "the "
                            + what
                            + " of "
                            + solr.location()
                            + " cannot be changed: "
                            + SolrFailureClassifier.reason(answer)
                            + "; use a configset whose schema and configuration Solr may edit,"
                            + " such as _default");
        }
        require(answer, "change the " + what + " of");
    }

    private JsonNode require(JsonResponse answer, String doing) {
        if (!SolrFailureClassifier.isSuccess(answer)) {
            throw SolrFailureClassifier.refused(doing, solr.location(), answer);
        }
        return answer.body();
    }

    /** Ids are compared as they are, and nothing but our fields may be needed. */
    private void requireOwn(JsonNode schema) {
        Map<String, JsonNode> types = byName(schema, "fieldTypes");
        Map<String, JsonNode> fields = byName(schema, "fields");
        JsonNode id = fields.get(ID);
        if (!schema.path("uniqueKey").asText().equals(ID)
                || id == null
                || !classOf(types.get(id.path("type").asText())).equals("StrField")) {
            throw foreign("its unique key is not a field 'id' of the class StrField");
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
            throw foreign("it requires the fields " + required);
        }
        for (JsonNode type : TYPES) {
            JsonNode found = types.get(type.path("name").asText());
            if (found != null && !classOf(found).equals(classOf(type))) {
                throw foreign("it has a field type '" + type.path("name").asText() + "'");
            }
        }
        for (JsonNode field : FIELD_DEFINITIONS) {
            JsonNode found = fields.get(field.path("name").asText());
            if (found != null) {
                requireEqual(field, found, "a field '" + field.path("name").asText() + "'");
            }
        }
    }

    private void requireEqual(JsonNode ours, JsonNode found, String what) {
        for (Map.Entry<String, JsonNode> part : ours.properties()) {
            if (!part.getValue().equals(found.get(part.getKey()))) {
                throw foreign(
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

    private ConnectorException foreign(String why) {
        return new ConnectorException(
                solr.location()
                        + " was not made by flink-splade: "
                        + why
                        + "; name another collection");
    }

    private static void putMissing(
            ObjectNode commands, String command, JsonNode ours, Map<String, JsonNode> found) {
        ArrayNode missing = JsonHttpClient.JSON.createArrayNode();
        for (JsonNode one : ours) {
            if (!found.containsKey(one.path("name").asText())) {
                missing.add(one);
            }
        }
        if (!missing.isEmpty()) {
            commands.set(command, missing);
        }
    }

    private static Map<String, JsonNode> byName(JsonNode schema, String list) {
        Map<String, JsonNode> all = new HashMap<>();
        schema.path(list).forEach(one -> all.put(one.path("name").asText(), one));
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
