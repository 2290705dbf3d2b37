package io.github.flinksplade.connector;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What made a vector. Two vectors may stand in one index only if this is equal for both.
 *
 * @param model name of the model, as the user gave it
 * @param modelSha256 SHA-256 of the model's weights and graph, hexadecimal
 * @param tokenizerSha256 SHA-256 of its tokenizer.json, hexadecimal
 * @param precision arithmetic of the encoder, such as {@code fp32}
 * @param pruning the pruning of document vectors, {@code none} by default
 * @param maxTokens token limit of documents, special tokens counted
 */
public record Provenance(
        String model,
        String modelSha256,
        String tokenizerSha256,
        String precision,
        String pruning,
        int maxTokens)
        implements Serializable {

    /**
     * 16 hexadecimal digits that differ when a vector could differ: over everything but the model's
     * name, so that moving a model's directory re-encodes nothing.
     */
    public String fingerprint() {
        String all =
                String.join(
                        "|",
                        modelSha256,
                        tokenizerSha256,
                        precision,
                        pruning,
                        Integer.toString(maxTokens));
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(all.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Name and value of each part, in a fixed order, as targets store and print it. */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        map.put("model", model);
        map.put("model_sha256", modelSha256);
        map.put("tokenizer_sha256", tokenizerSha256);
        map.put("precision", precision);
        map.put("pruning", pruning);
        map.put("max_tokens", Integer.toString(maxTokens));
        map.put("fingerprint", fingerprint());
        return map;
    }

    /** The inverse of {@link #toMap}; throws {@link ConnectorException} when a part is missing. */
    public static Provenance fromMap(Map<String, String> map) {
        try {
            return new Provenance(
                    required(map, "model"),
                    required(map, "model_sha256"),
                    required(map, "tokenizer_sha256"),
                    required(map, "precision"),
                    required(map, "pruning"),
                    Integer.parseInt(required(map, "max_tokens")));
        } catch (NumberFormatException e) {
            throw new ConnectorException("max_tokens is not a number in " + map, e);
        }
    }

    private static String required(Map<String, String> map, String name) {
        String value = map.get(name);
        if (value == null) {
            throw new ConnectorException("no " + name + " among " + map);
        }
        return value;
    }
}
