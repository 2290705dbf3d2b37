package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * An index as it was found, layout 1; the package description has its fields.
 *
 * @param uuid tells it from another of the same name
 * @param routing which documents share a shard
 * @param gcDeletes the setting of that name as it is written there
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

    private static final String OWN = "flink_splade";
    private static final String LAYOUT = "1";

    /** The body of the request that creates the index. */
    static ObjectNode creation(
            Product product,
            FieldType type,
            FeatureNames names,
            Routing routing,
            Provenance provenance,
            String gcDeletes) {
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        ObjectNode settings = body.putObject("settings");
        settings.put("index.gc_deletes", gcDeletes);
        ObjectNode mappings = body.putObject("mappings");
        mappings.put("dynamic", false);
        ObjectNode own = mappings.putObject("_meta").putObject(OWN);
        own.put("layout", LAYOUT);
        ObjectNode made = own.putObject("provenance");
        provenance.toMap().forEach(made::put);
        if (names.form() == FeatureNames.Form.TOKEN) {
            names.writeTo(own.putArray("terms"));
        }
        if (routing.separator() != null) {
            own.put("routing", routing.separator());
            // nobody is to read or write a document on the shard where it is not
            mappings.putObject("_routing").put("required", true);
        }
        ObjectNode properties = mappings.putObject("properties");
        properties.putObject(ID).put("type", "keyword");
        ObjectNode vector = properties.putObject(VECTOR).put("type", type.typeName());
        if (product == Product.OPENSEARCH && type == FieldType.SPARSE_VECTOR) {
            settings.put("index.sparse", true);
            vector.putObject("method").put("name", "seismic");
        }
        properties.putObject(WEIGHTS).put("type", "object").put("enabled", false);
        properties.putObject(TEXT).put("type", "text");
        properties.putObject(FIELDS).put("type", "object").put("dynamic", false);
        properties.putObject("tokens").put("type", "integer");
        properties.putObject("truncated").put("type", "boolean");
        properties.putObject("encoder").put("type", "keyword");
        return body;
    }

    /**
     * Reads what {@code GET /INDEX} says.
     *
     * @throws ConnectorException when it is an index of somebody else's making
     */
    static OpenSearchSchema read(OpenSearchSettings place, JsonResponse answer) {
        if (OpenSearchFailureClassifier.isMissing(answer)) {
            throw OpenSearchFailureClassifier.gone(place);
        }
        if (!answer.isSuccess()) {
            throw OpenSearchFailureClassifier.refused(place, "read", answer);
        }
        if (answer.body().size() != 1) {
            throw new ConnectorException(
                    place + " is an alias of several indexes; name one of them");
        }
        JsonNode index = answer.body().elements().next();
        JsonNode own = index.at("/mappings/_meta/" + OWN);
        if (!own.path("layout").asText().equals(LAYOUT)) {
            throw new ConnectorException(
                    place
                            + (own.isMissingNode()
                                    ? " was not made by this job: its mapping has no _meta."
                                            + OWN
                                            + "; name another index, which is then created"
                                    : " is of another release, layout "
                                            + own.path("layout").asText()
                                            + "; use that release or name another index"));
        }
        JsonNode type = index.at("/mappings/properties/" + VECTOR + "/type");
        JsonNode settings = index.at("/settings/index");
        return new OpenSearchSchema(
                settings.path("uuid").asText(),
                FieldType.valueOf(type.asText().toUpperCase(Locale.ROOT)),
                FeatureNames.read(own.path("terms")),
                new Routing(own.path("routing").textValue()),
                Provenance.fromMap(strings(own.path("provenance"))),
                settings.path("gc_deletes").asText());
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> map = new LinkedHashMap<>();
        object.properties().forEach(part -> map.put(part.getKey(), part.getValue().asText()));
        return map;
    }

    /** Refuses an index that is not as the address says. */
    void requireSame(
            OpenSearchSettings place,
            FieldType wantedType,
            FeatureNames.Form wantedNames,
            Routing wantedRouting) {
        if (type != wantedType) {
            throw different(place, "its vectors are of type " + type.typeName(), "type=" + type);
        }
        if (names.form() != wantedNames) {
            throw different(
                    place, "its terms are named by " + names.form(), "terms=" + names.form());
        }
        if (!routing.equals(wantedRouting)) {
            throw new ConnectorException(
                    place
                            + " is not as the address says: its documents are "
                            + (routing.separator() == null
                                    ? "not routed by a part of their ids; leave routing out"
                                    : "routed by the beginning of their ids; write routing="
                                            + routing.separator())
                            + ", or name another index");
        }
    }

    private static ConnectorException different(
            OpenSearchSettings place, String what, String option) {
        return new ConnectorException(
                place
                        + " is not as the address says: "
                        + what.toLowerCase(Locale.ROOT)
                        + "; add "
                        + option.toLowerCase(Locale.ROOT)
                        + ", or name another index");
    }
}
