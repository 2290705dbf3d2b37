package io.github.flinksplade.encoder.architecture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The weights of a model by name, in one safetensors file or in several with an index. */
public final class ModelWeights {

    /** The name of the file with all weights. */
    public static final String FILE = "model.safetensors";

    /** The name of the index of several files. */
    private static final String INDEX = FILE + ".index.json";

    /** Names in checkpoints that were converted from TensorFlow. */
    private static final Map<String, String> OLD_SUFFIXES =
            Map.of("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta");

    private final Path directory;
    private final Map<String, SafetensorsFile.Tensor> tensors;
    private final Set<String> used = new HashSet<>();

    private ModelWeights(Path directory, Map<String, SafetensorsFile.Tensor> tensors) {
        this.directory = directory;
        this.tensors = tensors;
    }

    /**
     * The files with a directory's weights, the index first if there is one.
     *
     * @throws ModelException if the index cannot be read, or names a file that is missing
     */
    private static List<Path> files(Path directory) {
        Path index = directory.resolve(INDEX);
        Path single = directory.resolve(FILE);
        if (Files.isRegularFile(single)) {
            return List.of(single);
        }
        List<Path> files = new ArrayList<>(List.of(index));
        for (String name : new TreeSet<>(shards(index).values())) {
            Path shard = directory.resolve(name);
            if (!Files.isRegularFile(shard)) {
                throw new ModelException(
                        index + " refers to " + name + ", which is not next to it; copy it there");
            }
            files.add(shard);
        }
        return files;
    }

    /**
     * The file of each weight according to an index.
     *
     * @throws ModelException if it cannot be read or is invalid
     */
    private static Map<String, String> shards(Path index) {
        JsonNode map;
        try {
            map = new ObjectMapper().readTree(Files.readAllBytes(index)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw new ModelException(index + " is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException(index + " cannot be read: " + FileErrors.reason(e), e);
        }
        Map<String, String> shards = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String name = entry.getValue().asText();
            if (!name.matches("[\\w.-]+\\.safetensors")) {
                throw new ModelException(
                        index + " refers to '" + name + "', which is not a file next to it");
            }
            shards.put(entry.getKey(), name);
        }
        if (shards.isEmpty()) {
            throw new ModelException(index + " has no weight_map; fetch it again");
        }
        return shards;
    }

    /**
     * Reads the headers of a directory's files.
     *
     * @throws ModelException if a file is missing, truncated or damaged
     */
    static ModelWeights read(Path directory) {
        Map<String, SafetensorsFile.Tensor> tensors = new HashMap<>();
        Path index = directory.resolve(INDEX);
        boolean isSharded = !Files.isRegularFile(directory.resolve(FILE));
        for (Path file : files(directory)) {
            if (!file.equals(index)) {
                tensors.putAll(SafetensorsFile.read(file).tensors());
            }
        }
        if (isSharded) {
            for (Map.Entry<String, String> entry : shards(index).entrySet()) {
                if (!tensors.containsKey(entry.getKey())) {
                    throw new ModelException(
                            directory.resolve(entry.getValue())
                                    + " does not contain the weight "
                                    + entry.getKey()
                                    + " that "
                                    + INDEX
                                    + " expects there; fetch the model again");
                }
            }
        }
        return new ModelWeights(directory, tensors);
    }

    Map<String, SafetensorsFile.Tensor> tensors() {
        return tensors;
    }

    boolean has(String name) {
        return find(name).isPresent();
    }

    private Optional<SafetensorsFile.Tensor> find(String name) {
        return Stream.of(
                        name,
                        withOldSuffix(name),
                        withoutModel(name),
                        withOldSuffix(withoutModel(name)))
                .filter(tensors::containsKey)
                .findFirst()
                .map(this::use);
    }

    private static String withOldSuffix(String name) {
        return OLD_SUFFIXES.entrySet().stream()
                .filter(entry -> name.endsWith(entry.getKey()))
                .map(
                        entry ->
                                name.substring(0, name.length() - entry.getKey().length())
                                        + entry.getValue())
                .findFirst()
                .orElse(name);
    }

    /** The name in the files of an encoder without a head, where the model's own name is absent. */
    private static String withoutModel(String name) {
        return name.substring(name.indexOf('.') + 1);
    }

    private SafetensorsFile.Tensor use(String name) {
        used.add(name);
        return tensors.get(name);
    }

    /**
     * A weight.
     *
     * @param shape the sizes that the configuration demands
     * @throws ModelException if it is missing or has another shape
     */
    SafetensorsFile.Tensor get(String name, long... shape) {
        SafetensorsFile.Tensor tensor =
                find(name)
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                directory
                                                        + " has no weight "
                                                        + name
                                                        + "; use a complete masked language model"
                                                        + " of the architecture that config.json"
                                                        + " states"));
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new ModelException(
                    tensor.file()
                            + " has "
                            + name
                            + " of the shape "
                            + Arrays.toString(tensor.shape())
                            + ", but config.json demands "
                            + Arrays.toString(shape)
                            + "; use the files of one model");
        }
        return tensor;
    }

    /**
     * Checks that no weight of the layers was left out: the configuration would be that of another
     * model.
     *
     * @param prefix of the names of the layers' weights
     * @throws ModelException if there is one
     */
    void requireAllUsed(String prefix) {
        Set<String> unused = new TreeSet<>();
        for (String name : tensors.keySet()) {
            boolean isOfLayer = name.startsWith(prefix) || name.startsWith(withoutModel(prefix));
            if (isOfLayer && !used.contains(name) && !name.endsWith(".inv_freq")) {
                unused.add(name);
            }
        }
        if (!unused.isEmpty()) {
            throw new ModelException(
                    directory
                            + " has "
                            + unused.size()
                            + " weights of layers that config.json does not describe, such as "
                            + unused.iterator().next()
                            + "; use the files of one model, or export it to ONNX");
        }
    }
}
