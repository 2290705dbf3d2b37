package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The mapping and the settings of an index; the package description lists its fields.
 *
 * @param uuid distinguishes the index from others of the same name
 * @param routing which documents share a shard
 * @param gcDeletes the index setting {@code gc_deletes} in the server's own format
 */
record OpenSearchSchema(
        String uuid,
        FieldType type,
        FeatureNames names,
        Routing routing,
        Provenance provenance,
        String gcDeletes) {

    static final String ID = "id";
    static final String VECTOR = "vector";
    static final String WEIGHTS = "weights";
    static final String TEXT = "text";
    static final String FIELDS = "fields";
    static final String ENCODER = "encoder";

    /** The values of the fields, see {@link io.github.flinksplade.connector.FieldTerms}. */
    static final String FIELD_VALUES = "field_values";

    /** The key of the mapping's {@code _meta} that contains everything of this project. */
    private static final String META = "flink_splade";

    /** The version of the mapping. */
    private static final String LAYOUT = "2";

    private static final String DEFAULT_GC_DELETES = "7d";

    /** Creates the index if it is missing, and checks that it matches the settings. */
    static void createOrCheck(
            OpenSearchSettings settings,
            OpenSearchConnection connection,
            SinkContext context,
            StartMode start) {
        JsonNode greeting =
                connection.requireSuccess(connection.exchange(JsonRequest.get("/")), "connect to");
        settings.product.check(greeting, settings);
        checkPipeline(settings, connection);
        JsonResponse found = connection.exchange(connection.indexRequest("GET", "", null));
        if (OpenSearchFailureClassifier.isMissing(found)) {
            start.requireMayCreate(settings.location());
            create(settings, connection, context);
            found = connection.exchange(connection.indexRequest("GET", "", null));
        }
        OpenSearchSchema schema = read(settings, connection, found);
        schema.requireMatch(settings);
        context.requireSameEncoder(schema.provenance(), settings.location(), "name a new index");
        if (start.mayWrite()
                && settings.gcDeletes != null
                && !settings.gcDeletes.equals(schema.gcDeletes())) {
            ObjectNode change =
                    JsonHttpClient.JSON
                            .createObjectNode()
                            .put("index.gc_deletes", settings.gcDeletes);
            connection.requireSuccess(
                    connection.exchange(connection.indexRequest("PUT", "/_settings", change)),
                    "change the settings of");
        }
    }

    private static void checkPipeline(
            OpenSearchSettings settings, OpenSearchConnection connection) {
        if (settings.pipeline == null) {
            return;
        }
        String path = "/_ingest/pipeline/" + JsonRequest.encode(settings.pipeline);
        JsonResponse found = connection.exchange(JsonRequest.get(path));
        if (found.status() == 404) {
            throw new ConnectorException(
                    settings.serverName()
                            + " has no ingest pipeline '"
                            + settings.pipeline
                            + "'. Create it, or correct pipeline= in the URI");
        }
        connection.requireSuccess(found, "read the ingest pipeline of");
    }

    /** Another job may create the index at the same time; it is then checked like any other. */
    private static void create(
            OpenSearchSettings settings, OpenSearchConnection connection, SinkContext context) {
        ObjectNode body =
                creation(
                        settings,
                        FeatureNames.of(settings.terms, context.vocabulary()),
                        context.provenance());
        JsonResponse created = connection.exchange(connection.indexRequest("PUT", "", body).slow());
        if (!created.body()
                .at("/error/type")
                .asText()
                .equals("resource_already_exists_exception")) {
            connection.requireSuccess(created, "create");
        }
    }

    /** The body of the request that creates the index. */
    private static ObjectNode creation(
            OpenSearchSettings settings, FeatureNames names, Provenance provenance) {
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        ObjectNode index = body.putObject("settings");
        index.put(
                "index.gc_deletes",
                settings.gcDeletes == null ? DEFAULT_GC_DELETES : settings.gcDeletes);
        ObjectNode mappings = body.putObject("mappings");
        mappings.put("dynamic", false);
        ObjectNode meta = mappings.putObject("_meta").putObject(META);
        meta.put("layout", LAYOUT);
        ObjectNode provenanceParts = meta.putObject("provenance");
        provenance.toMap().forEach(provenanceParts::put);
        if (names.form() == FeatureNames.Form.TOKEN) {
            names.writeTo(meta.putArray("terms"));
        }
        if (settings.routing.separator() != null) {
            meta.put("routing", settings.routing.separator());
            // without it, another client could read or write a document on the wrong shard
            mappings.putObject("_routing").put("required", true);
        }
        ObjectNode properties = mappings.putObject("properties");
        properties.putObject(ID).put("type", "keyword");
        ObjectNode vector = properties.putObject(VECTOR).put("type", settings.type.typeName());
        if (settings.isApproximate(settings.type)) {
            index.put("index.sparse", true);
            vector.putObject("method").put("name", "seismic");
        }
        properties.putObject(WEIGHTS).put("type", "object").put("enabled", false);
        properties.putObject(TEXT).put("type", "text");
        properties.putObject(FIELD_VALUES).put("type", "keyword");
        properties.putObject(FIELDS).put("type", "object").put("dynamic", false);
        properties.putObject("tokens").put("type", "integer");
        properties.putObject("truncated").put("type", "boolean");
        properties.putObject(ENCODER).put("type", "keyword");
        return body;
    }

    /**
     * Parses the response to {@code GET /INDEX}.
     *
     * @throws ConnectorException if the index is missing, or was not created by this project
     */
    static OpenSearchSchema read(
            OpenSearchSettings settings, OpenSearchConnection connection, JsonResponse response) {
        if (OpenSearchFailureClassifier.isMissing(response)) {
            throw OpenSearchFailureClassifier.deleted(settings);
        }
        JsonNode indexes = connection.requireSuccess(response, "read");
        if (indexes.size() != 1) {
            throw new ConnectorException(
                    settings.location() + " is an alias of several indexes. Name one of them");
        }
        JsonNode index = indexes.elements().next();
        JsonNode meta = index.at("/mappings/_meta/" + META);
        if (!meta.path("layout").asText().equals(LAYOUT)) {
            throw new ConnectorException(
                    settings.location()
                            + (meta.isMissingNode()
                                    ? " was not created by flink-splade: its mapping has no _meta."
                                            + META
                                            + ". Name a new index, which is then created"
                                    : " was created by another release (layout "
                                            + meta.path("layout").asText()
                                            + "). Use that release, or name a new index"));
        }
        JsonNode type = index.at("/mappings/properties/" + VECTOR + "/type");
        JsonNode indexSettings = index.at("/settings/index");
        return new OpenSearchSchema(
                indexSettings.path("uuid").asText(),
                FieldType.valueOf(type.asText().toUpperCase(Locale.ROOT)),
                FeatureNames.read(meta.path("terms")),
                new Routing(meta.path("routing").textValue()),
                Provenance.fromMap(strings(meta.path("provenance"))),
                indexSettings.path("gc_deletes").asText());
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> map = new LinkedHashMap<>();
        object.properties().forEach(part -> map.put(part.getKey(), part.getValue().asText()));
        return map;
    }

    /** Rejects an index that does not match the options of the URI. */
    private void requireMatch(OpenSearchSettings settings) {
        if (type != settings.type) {
            throw mismatch(settings, "its vectors have the type " + type, "type=" + type);
        }
        if (names.form() != settings.terms) {
            throw mismatch(
                    settings, "its terms are named by " + names.form(), "terms=" + names.form());
        }
        if (!routing.equals(settings.routing)) {
            throw new ConnectorException(
                    settings.location()
                            + " does not match the URI: its documents are "
                            + (routing.separator() == null
                                    ? "not routed by a part of their ids. Omit routing"
                                    : "routed by a prefix of their ids. Write routing="
                                            + routing.separator())
                            + ", or name another index");
        }
    }

    private static ConnectorException mismatch(
            OpenSearchSettings settings, String what, String option) {
        return new ConnectorException(
                settings.location()
                        + " does not match the URI: "
                        + what.toLowerCase(Locale.ROOT)
                        + ". Add "
                        + option.toLowerCase(Locale.ROOT)
                        + ", or name another index");
    }
}
