package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A {@code tokenizer.json}, or the one that a {@code vocab.txt} is converted to, with the settings
 * of {@code tokenizer_config.json} that the transformers library applies.
 */
public final class TokenizerFile {

    /** The largest vocabularies in use have a few hundred thousand terms. */
    private static final int MAX_ID = 1 << 24;

    private static final int MAX_LISTED = 10;

    private final Path path;
    private final JsonNode json;
    private final byte[] content;
    private final Optional<TokenizerConfig> config;
    private final boolean isChanged;
    private final List<String> warnings;
    private final String[] terms;
    private final int size;

    private TokenizerFile(
            Path path,
            JsonNode json,
            byte[] content,
            Optional<TokenizerConfig> config,
            boolean isChanged,
            List<String> warnings,
            String[] terms,
            int size) {
        this.path = path;
        this.json = json;
        this.content = content;
        this.config = config;
        this.isChanged = isChanged;
        this.warnings = warnings;
        this.terms = terms;
        this.size = size;
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a tokenizer.json or vocab.txt
     * @throws ModelException if it cannot be read or is not a tokenizer
     */
    public static TokenizerFile read(Path path) {
        try {
            boolean isVocabulary = path.endsWith(BertVocabulary.FILE_NAME);
            Optional<TokenizerConfig> config = TokenizerConfig.nextTo(path);
            byte[] content = isVocabulary ? new byte[0] : Files.readAllBytes(path);
            JsonNode json =
                    isVocabulary
                            ? BertVocabulary.convert(path)
                            : new ObjectMapper().readTree(content);
            List<String> warnings = new ArrayList<>();
            boolean isChanged =
                    isVocabulary
                            || json.isObject()
                                    && config.isPresent()
                                    && config.get().apply((ObjectNode) json, warnings);
            if (isChanged) {
                content = new ObjectMapper().writeValueAsBytes(json);
            }
            UnsupportedSettings.reject(path, json, config);
            String[] terms = terms(json);
            if (terms.length == 0) {
                throw new ModelException(
                        path
                                + " is not a tokenizer: it has no vocabulary with ids from 0 to "
                                + MAX_ID
                                + "; export the model together with its fast tokenizer");
            }
            return new TokenizerFile(
                    path, json, content, config, isChanged, warnings, terms, terms.length);
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path
                            + " is not JSON, or is truncated or damaged ("
                            + e.getOriginalMessage()
                            + "); download or export it again",
                    e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The terms by their ids, added tokens included; null for an id without a term. */
    private static String[] terms(JsonNode json) {
        TreeMap<Integer, String> terms = vocabulary(json);
        for (JsonNode token : json.path("added_tokens")) {
            terms.put(token.path("id").asInt(-1), token.path("content").asText());
        }
        if (terms.isEmpty() || terms.firstKey() < 0 || terms.lastKey() > MAX_ID) {
            return new String[0];
        }
        String[] byId = new String[terms.lastKey() + 1];
        terms.forEach((id, term) -> byId[id] = term);
        return byId;
    }

    /** The terms without added tokens. */
    private static TreeMap<Integer, String> vocabulary(JsonNode json) {
        TreeMap<Integer, String> terms = new TreeMap<>();
        JsonNode vocabulary = json.path("model").path("vocab");
        if (vocabulary.isArray()) {
            for (JsonNode piece : vocabulary) {
                terms.put(terms.size(), piece.path(0).asText());
            }
        } else {
            for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
                terms.put(entry.getValue().asInt(-1), entry.getKey());
            }
        }
        return terms;
    }

    /**
     * Returns the tokenizer for a model with fewer embeddings: tokens beyond them become the
     * unknown token. The result is empty unless only added tokens are beyond them.
     *
     * @param embeddings number of token ids that the model has
     */
    public Optional<TokenizerFile> limitedTo(int embeddings) {
        if (embeddings >= size) {
            return Optional.of(this);
        }
        int unknown = unknown();
        if (vocabulary(json).lastKey() >= embeddings || unknown < 0 || unknown >= embeddings) {
            return Optional.empty();
        }
        List<String> all = new ArrayList<>(warnings);
        all.add(
                "The model has embeddings for "
                        + embeddings
                        + " tokens, so these tokens of "
                        + path
                        + " are encoded as "
                        + terms[unknown]
                        + ": "
                        + beyond(embeddings));
        return Optional.of(
                new TokenizerFile(path, json, content, config, isChanged, all, terms, embeddings));
    }

    private String beyond(int embeddings) {
        List<String> beyond =
                Arrays.stream(terms, embeddings, size).filter(Objects::nonNull).toList();
        return String.join(", ", beyond.subList(0, Math.min(MAX_LISTED, beyond.size())))
                + (beyond.size() > MAX_LISTED ? ", ..." : "");
    }

    Path path() {
        return path;
    }

    JsonNode json() {
        return json;
    }

    /** The tokenizer.json as it is applied. */
    byte[] content() {
        return content;
    }

    /** Sentences for the user: contradictions, and tokens that the model lacks. */
    public List<String> warnings() {
        return warnings;
    }

    /** Number of terms: the highest token id that is returned, plus one. */
    public int size() {
        return size;
    }

    /** All terms by their ids, null for an id without a term. */
    String[] terms() {
        return terms;
    }

    /** The term of an id as the vocabulary contains it; {@code [id]} if it has none. */
    public String term(int id) {
        return term(terms, size, id);
    }

    static String term(String[] terms, int size, int id) {
        String term = id >= 0 && id < size ? terms[id] : null;
        return term == null ? "[" + id + "]" : term;
    }

    /**
     * The digest of the tokenizer, which covers settings that come from tokenizer_config.json.
     *
     * @param file the digest of the file
     */
    public String sha256(String file) {
        if (!isChanged) {
            return file;
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(file.getBytes(StandardCharsets.US_ASCII));
            for (String part : List.of("normalizer", "pre_tokenizer", "added_tokens")) {
                digest.update(json.path(part).toString().getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** The ids of the terms that are declared as special. */
    BitSet specialTerms() {
        BitSet special = new BitSet();
        for (JsonNode token : json.path("added_tokens")) {
            if (token.path("special").asBoolean()) {
                special.set(token.path("id").asInt());
            }
        }
        return special;
    }

    /** The id of the padding token; 0 if it is unknown. */
    int padding() {
        JsonNode id = json.path("padding").path("pad_id");
        return id.isInt() ? id.intValue() : Math.max(0, special("pad_token", "[PAD]", "<pad>"));
    }

    /** The id of the unknown token; -1 if it is unknown. */
    int unknown() {
        JsonNode model = json.path("model");
        if (model.path("unk_id").isInt()) {
            return model.path("unk_id").intValue();
        }
        return model.path("unk_token").isTextual()
                ? Arrays.asList(terms).indexOf(model.path("unk_token").textValue())
                : special("unk_token", "[UNK]", "<unk>");
    }

    private int special(String key, String... names) {
        List<String> candidates = new ArrayList<>();
        config.map(known -> known.json().path(key))
                .ifPresent(
                        token ->
                                candidates.add(
                                        token.isTextual()
                                                ? token.textValue()
                                                : token.path("content").asText()));
        candidates.addAll(List.of(names));
        return candidates.stream()
                .mapToInt(name -> Arrays.asList(terms).indexOf(name))
                .filter(id -> id >= 0)
                .findFirst()
                .orElse(-1);
    }
}
