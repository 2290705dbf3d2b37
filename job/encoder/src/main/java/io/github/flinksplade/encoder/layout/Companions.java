package io.github.flinksplade.encoder.layout;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The files next to weights: tokenizers, configurations and limits. */
final class Companions {

    static final String TOKENIZER = "tokenizer.json";
    static final String VOCABULARY = "vocab.txt";
    static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String LIMITS = "splade.json";

    /** What tokenizers other than tokenizer.json consist of. */
    private static final List<String> VOCABULARY_FILES =
            List.of("special_tokens_map.json", "added_tokens.json");

    /** Larger numbers mean that there is no limit: transformers writes 1e30. */
    private static final int MAX_TOKENS = 1_000_000;

    /** Models whose first positions belong to padding. */
    private static final Set<String> OFFSET_POSITIONS =
            Set.of("roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl");

    private final ModelFolder folder;
    private final List<String> folders;

    /**
     * @param folders where to look, first match wins
     */
    private Companions(ModelFolder folder, Set<String> folders) {
        this.folder = folder;
        this.folders = List.copyOf(folders);
    }

    /**
     * @param graph the name of the graph
     * @param others where to look if there is nothing next to the graph or one level up
     */
    static Companions of(ModelFolder folder, String graph, String... others) {
        Set<String> folders = new LinkedHashSet<>();
        String own = ModelFolder.folderOf(graph);
        folders.add(own);
        folders.add(ModelFolder.folderOf(own));
        folders.addAll(List.of(others));
        return new Companions(folder, folders);
    }

    Optional<String> find(String name) {
        return folders.stream()
                .map(candidate -> ModelFolder.name(candidate, name))
                .filter(folder::contains)
                .findFirst();
    }

    Optional<Path> limits() {
        return find(LIMITS).map(folder::file);
    }

    /**
     * The tokenizer.json or else the vocab.txt; what belongs to it is downloaded too.
     *
     * @throws ModelException if both are missing
     */
    Path tokenizer(String graph) {
        Optional<String> fast = find(TOKENIZER);
        Optional<String> tokenizer = fast.or(() -> find(VOCABULARY));
        if (tokenizer.isEmpty()) {
            throw new ModelException(
                    "no tokenizer.json next to "
                            + folder.location(graph)
                            + " or one level up, nor a vocab.txt with its tokenizer_config.json;"
                            + " export the model together with its fast tokenizer");
        }
        String tokenizerFolder = ModelFolder.folderOf(tokenizer.get());
        fetch(ModelFolder.name(tokenizerFolder, TOKENIZER_CONFIG));
        if (fast.isEmpty()) {
            VOCABULARY_FILES.forEach(file -> fetch(ModelFolder.name(tokenizerFolder, file)));
        }
        return folder.file(tokenizer.get());
    }

    private void fetch(String name) {
        if (folder.contains(name)) {
            folder.file(name);
        }
    }

    /** The max tokens in a tokenizer_config.json; 0 if it states none. */
    static int maxTokens(ModelFolder folder, String config) {
        if (!folder.contains(config)) {
            return 0;
        }
        JsonFile file = JsonFile.readObject(folder, config);
        double limit = file.json().path("model_max_length").asDouble(0);
        return limit >= 1 && limit <= MAX_TOKENS ? (int) limit : 0;
    }

    /** Whether positions are rotary, so that there is no table that limits them. */
    static boolean isRotary(ModelFolder folder, String name) {
        JsonFile config = JsonFile.readObject(folder, name);
        String type = config.text("model_type", "");
        return type.equals("modernbert")
                || type.equals("new")
                        && config.text("position_embedding_type", "rope").equals("rope");
    }

    /** How many tokens the position embeddings allow; 0 if unknown. */
    static int maxPositions(ModelFolder folder, String name) {
        JsonFile config = JsonFile.readObject(folder, name);
        int positions = config.positive("max_position_embeddings");
        if (positions > 0 && OFFSET_POSITIONS.contains(config.text("model_type", ""))) {
            JsonNode padding = config.get("pad_token_id");
            return Math.max(1, positions - (padding == null ? 1 : padding.asInt()) - 1);
        }
        return positions;
    }
}
