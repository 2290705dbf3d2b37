package io.github.flinksplade.kubernetes;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The operator's custom resource definitions, in the directory of the system property {@code crds}:
 * a checkout of apache/flink-kubernetes-operator, or any directory below which the files are.
 */
final class Crds {

    private static final String SUFFIX = ".flink.apache.org-v1.yml";

    /** What an API server evaluates of a schema, and annotations. */
    private static final Set<String> KEYWORDS =
            Set.of(
                    "type",
                    "properties",
                    "items",
                    "additionalProperties",
                    "enum",
                    "required",
                    "description",
                    "x-kubernetes-preserve-unknown-fields",
                    "x-kubernetes-int-or-string",
                    "anyOf");

    private final Map<String, JsonNode> schemas = new TreeMap<>();

    private Crds() {}

    /** The directory; skips the test without one. */
    static Path directory() {
        String directory = System.getProperty("crds");
        assumeTrue(
                directory != null,
                "-Dcrds=DIR is not set: a checkout of apache/flink-kubernetes-operator");
        return Path.of(directory);
    }

    static Crds read() throws IOException {
        Crds crds = new Crds();
        try (Stream<Path> files = Files.walk(directory())) {
            for (Path file :
                    files.filter(path -> path.getFileName().toString().endsWith(SUFFIX)).toList()) {
                JsonNode crd = Manifests.parse(Files.readString(file)).get(0);
                JsonNode version = crd.at("/spec/versions/0");
                crds.schemas.put(
                        crd.at("/spec/group").asText()
                                + "/"
                                + version.get("name").asText()
                                + " "
                                + crd.at("/spec/names/kind").asText(),
                        version.at("/schema/openAPIV3Schema"));
            }
        }
        if (crds.schemas.isEmpty()) {
            throw new IOException("no file *" + SUFFIX + " in " + directory() + ". Check -Dcrds");
        }
        return crds;
    }

    /** The schema of an object, or null if it is not of the operator. */
    JsonNode schema(JsonNode object) {
        return schemas.get(object.path("apiVersion").asText() + " " + Manifests.kindOf(object));
    }

    /** Whether the operator accepts a version of Flink. */
    boolean accepts(String flinkVersion) {
        for (JsonNode value :
                schemas.get("flink.apache.org/v1beta1 FlinkDeployment")
                        .at("/properties/spec/properties/flinkVersion/enum")) {
            if (value.asText().equals(flinkVersion)) {
                return true;
            }
        }
        return false;
    }

    /** What an API server would reject or silently drop. */
    static List<String> errors(JsonNode object, JsonNode schema) {
        List<String> errors = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            // validated by the API server itself
            if (!Set.of("apiVersion", "kind", "metadata").contains(field.getKey())) {
                check(
                        "." + field.getKey(),
                        field.getValue(),
                        schema.path("properties").path(field.getKey()),
                        errors);
            }
        }
        return errors;
    }

    private static void check(String path, JsonNode value, JsonNode schema, List<String> errors) {
        if (schema.isMissingNode()) {
            errors.add(path + ": unknown field");
            return;
        }
        schema.fieldNames()
                .forEachRemaining(
                        keyword -> {
                            if (!KEYWORDS.contains(keyword)) {
                                throw new IllegalStateException(
                                        path + ": this test cannot evaluate " + keyword);
                            }
                        });
        if (schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
            return;
        }
        if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
            if (!value.isIntegralNumber() && !value.isTextual()) {
                errors.add(path + ": " + value + " is neither an integer nor a string");
            }
            return;
        }
        String type = schema.path("type").asText();
        boolean isOfType =
                switch (type) {
                    case "object" -> value.isObject();
                    case "array" -> value.isArray();
                    case "string" -> value.isTextual();
                    case "integer" -> value.isIntegralNumber();
                    case "number" -> value.isNumber();
                    case "boolean" -> value.isBoolean();
                    default -> throw new IllegalStateException(path + ": type '" + type + "'");
                };
        if (!isOfType) {
            errors.add(path + ": " + value + " is not of type " + type);
            return;
        }
        if (schema.has("enum")) {
            boolean isListed = false;
            for (JsonNode allowed : schema.get("enum")) {
                isListed |= allowed.equals(value);
            }
            if (!isListed) {
                errors.add(path + ": " + value + " is not one of " + schema.get("enum"));
            }
        }
        for (JsonNode required : schema.path("required")) {
            if (!value.has(required.asText())) {
                errors.add(path + ": " + required.asText() + " is missing");
            }
        }
        if (value.isObject()) {
            JsonNode others = schema.path("additionalProperties");
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                JsonNode property = schema.path("properties").path(field.getKey());
                check(
                        path + "." + field.getKey(),
                        field.getValue(),
                        property.isMissingNode() ? others : property,
                        errors);
            }
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                check(path + "[" + i + "]", value.get(i), schema.path("items"), errors);
            }
        }
    }
}
