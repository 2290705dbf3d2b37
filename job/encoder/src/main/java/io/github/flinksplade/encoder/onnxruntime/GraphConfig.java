package io.github.flinksplade.encoder.onnxruntime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the {@code config.json} of a model states on its graph. Every value may be missing.
 *
 * @param json its content; missing if there is no such file next to the graph or one level up
 */
record GraphConfig(JsonNode json) {

    /** Models whose positions start after the padding id, so that padding has one of its own. */
    private static final Set<String> POSITIONS_AFTER_PADDING =
            Set.of(
                    "roberta",
                    "roberta-prelayernorm",
                    "xlm-roberta",
                    "xlm-roberta-xl",
                    "camembert",
                    "mpnet",
                    "xmod",
                    "data2vec-text",
                    "ibert");

    /** Models whose positions start at 0. */
    private static final Set<String> POSITIONS_FROM_ZERO =
            Set.of(
                    "bert",
                    "distilbert",
                    "electra",
                    "albert",
                    "deberta",
                    "deberta-v2",
                    "convbert",
                    "mobilebert",
                    "modernbert",
                    "new");

    /** The padding id of these models is 1 if the file does not contain it; MPNet's always is. */
    private static final int DEFAULT_PADDING = 1;

    /**
     * @throws ModelException if the file cannot be read, or is not JSON
     */
    static GraphConfig of(Path graph) {
        Path directory = graph.toAbsolutePath().getParent();
        return Stream.of(directory, directory.getParent())
                .filter(Objects::nonNull)
                .map(candidate -> candidate.resolve("config.json"))
                .filter(Files::isRegularFile)
                .findFirst()
                .map(GraphConfig::read)
                .orElse(new GraphConfig(MissingNode.getInstance()));
    }

    private static GraphConfig read(Path path) {
        try {
            return new GraphConfig(new ObjectMapper().readTree(Files.readAllBytes(path)));
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path + " is not valid JSON: " + e.getOriginalMessage() + "; fetch it again", e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private String modelType() {
        return json.path("model_type").asText("");
    }

    /** Number of terms, or 0. */
    int vocabularySize() {
        return json.path("vocab_size").asInt(0);
    }

    /** The architecture and number of layers for display; empty if unknown. */
    String architecture() {
        String name = json.path("architectures").path(0).asText(modelType());
        for (String key : List.of("num_hidden_layers", "n_layers")) {
            if (json.path(key).isInt()) {
                return name + ", " + json.path(key).intValue() + " layers";
            }
        }
        return name;
    }

    /** The id with which the graph expects sequences to be padded. */
    OptionalInt padding() {
        return json.path("pad_token_id").isInt() && json.path("pad_token_id").intValue() >= 0
                ? OptionalInt.of(json.path("pad_token_id").intValue())
                : OptionalInt.empty();
    }

    /**
     * For a model whose positions start after the padding id: that id, whose tokens have the id as
     * their position. Empty if positions are counted from 0.
     */
    OptionalInt positionOfPadding() {
        if (!POSITIONS_AFTER_PADDING.contains(modelType())) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(
                modelType().equals("mpnet") ? DEFAULT_PADDING : padding().orElse(DEFAULT_PADDING));
    }

    /** Whether it is known how positions are counted. */
    boolean hasKnownPositions() {
        return POSITIONS_AFTER_PADDING.contains(modelType())
                || POSITIONS_FROM_ZERO.contains(modelType());
    }
}
