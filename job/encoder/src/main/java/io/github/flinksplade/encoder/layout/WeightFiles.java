package io.github.flinksplade.encoder.layout;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The weights of a masked language model.
 *
 * @param graph the name of its ONNX file, or of the config.json next to its safetensors files
 * @param weights its safetensors files by name, and their index; empty for an ONNX file
 */
record WeightFiles(String graph, SortedMap<String, Path> weights) {

    static final String CONFIG = "config.json";
    static final String SAFETENSORS = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final List<String> GRAPHS = List.of("model.onnx", "onnx/model.onnx");

    /**
     * The weights of a transformer: an ONNX file in its folder, or else in the model's, or else
     * safetensors in its folder.
     *
     * @param path the transformer's folder
     * @param graphFolders where to look for an ONNX file
     * @throws ModelException if no weights can be used
     */
    static WeightFiles find(ModelFolder folder, String path, List<String> graphFolders) {
        for (String graphFolder : new LinkedHashSet<>(graphFolders)) {
            for (String candidate : GRAPHS) {
                String graph = ModelFolder.name(graphFolder, candidate);
                if (folder.contains(graph)) {
                    return new WeightFiles(graph, new TreeMap<>());
                }
            }
        }
        return safetensors(folder, path)
                .orElseThrow(() -> new ModelException(noWeights(folder, path)));
    }

    /**
     * The weights that a user names.
     *
     * @param name an ONNX file, or {@code model.safetensors} or its index
     * @throws ModelException if there is no such file
     */
    static WeightFiles named(ModelFolder folder, String name) {
        String file = name.substring(name.lastIndexOf('/') + 1);
        if (!folder.contains(name)) {
            SortedSet<String> graphs = matching(folder.names(), ".onnx");
            throw new ModelException(
                    folder.location(name)
                            + " does not exist"
                            + (graphs.isEmpty() ? "" : "; there is " + String.join(", ", graphs)));
        }
        if (file.equals(SAFETENSORS) || file.equals(INDEX)) {
            return safetensors(folder, ModelFolder.folderOf(name)).orElseThrow();
        }
        return new WeightFiles(name, new TreeMap<>());
    }

    private static Optional<WeightFiles> safetensors(ModelFolder folder, String path) {
        String whole = ModelFolder.name(path, SAFETENSORS);
        String index = ModelFolder.name(path, INDEX);
        SortedMap<String, Path> weights = new TreeMap<>();
        if (folder.contains(whole)) {
            requireConfig(folder, path, whole);
            weights.put(SAFETENSORS, folder.file(whole));
        } else if (folder.contains(index)) {
            requireConfig(folder, path, index);
            weights.put(INDEX, folder.file(index));
            for (String shard : shards(JsonFile.readObject(folder, index))) {
                String name = ModelFolder.name(path, shard);
                if (!folder.contains(name)) {
                    throw new ModelException(
                            folder.location(name)
                                    + " is missing, but "
                                    + folder.location(index)
                                    + " names it; download the model again");
                }
                weights.put(shard, folder.file(name));
            }
        } else {
            return Optional.empty();
        }
        return Optional.of(new WeightFiles(ModelFolder.name(path, CONFIG), weights));
    }

    private static Set<String> shards(JsonFile index) {
        Set<String> shards = new TreeSet<>();
        for (Map.Entry<String, JsonNode> tensor : index.entries("weight_map")) {
            String shard = tensor.getValue().asText();
            if (!shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
                throw index.invalid(
                        "has the file '"
                                + shard
                                + "' for "
                                + tensor.getKey()
                                + "; supported are safetensors files next to it");
            }
            shards.add(shard);
        }
        if (shards.isEmpty()) {
            throw index.invalid("has no weight_map; download the model again");
        }
        return shards;
    }

    private static void requireConfig(ModelFolder folder, String path, String weights) {
        String config = ModelFolder.name(path, CONFIG);
        if (!folder.contains(config)) {
            throw new ModelException(
                    folder.location(config)
                            + " is missing, so the architecture of "
                            + weights
                            + " is unknown; download the model again");
        }
    }

    private static SortedSet<String> matching(Collection<String> names, String... suffixes) {
        SortedSet<String> matching = new TreeSet<>();
        for (String name : names) {
            for (String suffix : suffixes) {
                if (name.endsWith(suffix)) {
                    matching.add(name);
                }
            }
        }
        return matching;
    }

    private static String noWeights(ModelFolder folder, String path) {
        SortedSet<String> names = folder.names();
        List<String> problem = new ArrayList<>();
        problem.add(
                "no model.onnx, onnx/model.onnx or model.safetensors in " + folder.location(path));
        SortedSet<String> graphs = matching(names, ".onnx");
        SortedSet<String> programs = matching(names, ".bin", ".pt", ".pth", ".ckpt", ".pkl");
        SortedSet<String> others = matching(names, ".h5", ".msgpack", ".pb", ".gguf", ".tflite");
        SortedSet<String> safetensors = matching(names, ".safetensors");
        if (!graphs.isEmpty()) {
            problem.add("it contains " + String.join(", ", graphs) + ": name the file to use it");
        } else if (!safetensors.isEmpty()) {
            problem.add(
                    "it contains "
                            + String.join(", ", safetensors)
                            + ": rename the weights to model.safetensors, next to their"
                            + " config.json");
        } else if (!programs.isEmpty()) {
            problem.add(
                    "it contains "
                            + String.join(", ", programs)
                            + ", a format that can contain programs and is not read. Convert it with"
                            + " transformers: AutoModelForMaskedLM.from_pretrained(MODEL)"
                            + ".save_pretrained(DIR), or use the revision of a repository that has"
                            + " model.safetensors");
        } else if (!others.isEmpty()) {
            problem.add(
                    "it contains "
                            + String.join(", ", others)
                            + ", which is not read. Convert it with transformers:"
                            + " AutoModelForMaskedLM.from_pretrained(MODEL, from_tf=True)"
                            + ".save_pretrained(DIR)");
        } else {
            problem.add(
                    "save the model as safetensors with transformers, or export it to ONNX, for"
                            + " example with optimum-cli export onnx --task fill-mask");
        }
        return String.join("; ", problem);
    }
}
