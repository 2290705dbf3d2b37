package io.github.flinksplade.encoder.lookup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.architecture.SafetensorsFile;
import io.github.flinksplade.encoder.platform.FileErrors;
import io.github.flinksplade.encoder.tokenizer.TokenizerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Reads a weight per token from {@code idf.json}, such as {@code {"car": 7.1, "##s": 0.9}}; from
 * OpenSearch's {@code query_token_weights.txt}, with a token, a tab and its weight on each line; or
 * from a safetensors file with the tensor {@code weight} [vocabulary]. A token that is not listed
 * has the weight 0.
 */
public final class TokenWeights {

    /** If more of the listed tokens are unknown, the table belongs to another vocabulary. */
    private static final double MAX_UNKNOWN = .01;

    private static final int MAX_LISTED = 10;
    private static final String TENSOR = "weight";

    private final Path path;
    private final TokenizerFile tokenizer;
    private final Consumer<String> warnings;

    private TokenWeights(Path path, TokenizerFile tokenizer, Consumer<String> warnings) {
        this.path = path;
        this.tokenizer = tokenizer;
        this.warnings = warnings;
    }

    /**
     * Returns the weights by token id.
     *
     * @param warnings receives sentences for the user
     * @throws ModelException if the file cannot be read, is invalid, or belongs to another
     *     vocabulary
     */
    public static float[] read(Path path, TokenizerFile tokenizer, Consumer<String> warnings) {
        return new TokenWeights(path, tokenizer, warnings).read();
    }

    private float[] read() {
        try {
            String name = path.getFileName().toString();
            float[] weights =
                    name.endsWith(".json")
                            ? byId(json())
                            : name.endsWith(".txt") ? byId(lines()) : tensor();
            return checked(weights);
        } catch (JsonProcessingException e) {
            throw invalid("it is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    private ModelException invalid(String found, Exception cause) {
        return new ModelException(
                path + " has no valid token weights: " + found + "; fetch it again", cause);
    }

    private Map<String, Float> json() throws IOException {
        JsonNode json = new ObjectMapper().readTree(Files.readAllBytes(path));
        if (!json.isObject()) {
            throw invalid("it must contain a JSON object such as {\"car\": 7.1}", null);
        }
        Map<String, Float> weights = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            if (!entry.getValue().isNumber()) {
                throw invalid(
                        "the weight of '" + entry.getKey() + "' is " + entry.getValue(), null);
            }
            weights.put(entry.getKey(), entry.getValue().floatValue());
        }
        return weights;
    }

    private Map<String, Float> lines() throws IOException {
        Map<String, Float> weights = new LinkedHashMap<>();
        for (String line : Files.readAllLines(path)) {
            int tab = line.lastIndexOf('\t');
            if (line.isBlank()) {
                continue;
            }
            try {
                weights.put(line.substring(0, tab), Float.valueOf(line.substring(tab + 1)));
            } catch (IndexOutOfBoundsException | NumberFormatException e) {
                throw invalid("the line '" + line + "' is not a token, a tab and its weight", e);
            }
        }
        return weights;
    }

    private float[] byId(Map<String, Float> weights) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < tokenizer.size(); id++) {
            ids.put(tokenizer.term(id), id);
        }
        List<String> unknown = weights.keySet().stream().filter(t -> !ids.containsKey(t)).toList();
        if (unknown.size() > MAX_UNKNOWN * weights.size()) {
            throw new ModelException(
                    path
                            + " belongs to another vocabulary: "
                            + unknown.size()
                            + " of its "
                            + weights.size()
                            + " tokens are not in the tokenizer, such as "
                            + some(unknown));
        }
        if (!unknown.isEmpty()) {
            warnings.accept(
                    path
                            + " has weights for "
                            + unknown.size()
                            + " tokens that are not in the tokenizer; they have no effect: "
                            + some(unknown));
        }
        float[] byId = new float[tokenizer.size()];
        weights.forEach(
                (token, weight) -> {
                    if (ids.containsKey(token)) {
                        byId[ids.get(token)] = weight;
                    }
                });
        return byId;
    }

    private static String some(List<String> tokens) {
        return String.join(", ", tokens.subList(0, Math.min(MAX_LISTED, tokens.size())))
                + (tokens.size() > MAX_LISTED ? ", ..." : "");
    }

    private float[] tensor() {
        SafetensorsFile.Tensor tensor = SafetensorsFile.read(path).tensors().get(TENSOR);
        if (tensor == null || tensor.shape().length != 1) {
            throw invalid("it must have the tensor " + TENSOR + " [vocabulary]", null);
        }
        return tensor.floats();
    }

    private float[] checked(float[] weights) {
        int size = tokenizer.size();
        boolean isPadded =
                weights.length > size
                        && IntStream.range(size, weights.length).allMatch(i -> weights[i] <= 0);
        if (weights.length != size && !isPadded) {
            throw new ModelException(
                    path
                            + " has weights for "
                            + weights.length
                            + " tokens, but the tokenizer has "
                            + size
                            + "; use the tokenizer that belongs to it");
        }
        int negative = 0;
        for (int id = 0; id < weights.length; id++) {
            if (!Float.isFinite(weights[id])) {
                throw invalid("the weight of '" + tokenizer.term(id) + "' is " + weights[id], null);
            }
            negative += weights[id] < 0 ? 1 : 0;
        }
        if (negative > 0) {
            warnings.accept(
                    path
                            + " has negative weights for "
                            + negative
                            + " tokens, which sparse indexes do not support; queries do not contain"
                            + " them");
        }
        return Arrays.copyOf(weights, size);
    }
}
