package io.github.flinksplade.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The objects of one rendered overlay of deploy/kubernetes. */
record Manifests(String name, List<JsonNode> objects) {

    static final Path ROOT = root();
    static final Path DIRECTORY = ROOT.resolve("deploy/kubernetes");

    /** The base and the overlays in which the operator creates pods through Flink. */
    static final List<String> NATIVE =
            List.of("base", "autoscale", "gpu", "monitoring", "operator-1.15", "session");

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (directory != null && !Files.exists(directory.resolve("docker-compose.yml"))) {
            directory = directory.getParent();
        }
        if (directory == null) {
            throw new IllegalStateException("no docker-compose.yml above the working directory");
        }
        return directory;
    }

    /** The kustomizations that are rendered: the base and all overlays. */
    static List<Path> kustomizations() {
        try (Stream<Path> overlays = Files.list(DIRECTORY.resolve("overlays"))) {
            return Stream.concat(Stream.of(DIRECTORY.resolve("base")), overlays.sorted()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of all rendered files. */
    static List<String> all() {
        return kustomizations().stream().map(path -> path.getFileName().toString()).toList();
    }

    static Manifests rendered(String name) {
        try {
            return new Manifests(
                    name, parse(Files.readString(DIRECTORY.resolve("rendered/" + name + ".yaml"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonNode> parse(String yaml) {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> documents = new ArrayList<>();
        new Yaml(new SafeConstructor(new LoaderOptions()))
                .loadAll(yaml)
                .forEach(document -> documents.add(json.valueToTree(document)));
        return documents;
    }

    List<JsonNode> ofKind(String kind) {
        return objects.stream().filter(object -> kind.equals(kindOf(object))).toList();
    }

    JsonNode the(String kind, String name) {
        return ofKind(kind).stream()
                .filter(object -> name.equals(nameOf(object)))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException(kind + " " + name));
    }

    /** The ConfigMap of a generator, whose name ends with a hash. */
    JsonNode generated(String prefix) {
        return ofKind("ConfigMap").stream()
                .filter(object -> nameOf(object).matches(prefix + "(-[a-z0-9]{10})?"))
                .findFirst()
                .orElseThrow(() -> new NoSuchElementException("ConfigMap " + prefix));
    }

    JsonNode deployment() {
        return the("FlinkDeployment", "flink-splade");
    }

    static String kindOf(JsonNode object) {
        return object.path("kind").asText();
    }

    static String nameOf(JsonNode object) {
        return object.at("/metadata/name").asText();
    }

    /** The entries of an object, sorted. */
    static TreeMap<String, String> map(JsonNode object) {
        TreeMap<String, String> map = new TreeMap<>();
        object.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return map;
    }
}
