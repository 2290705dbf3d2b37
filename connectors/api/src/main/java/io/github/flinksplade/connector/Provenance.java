package io.github.flinksplade.connector;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The model and settings that produced a vector. One index contains only vectors of equal
 * fingerprints, unless mixed models are allowed.
 *
 * @param model reference of the model, as the user configured it
 * @param modelSha256 SHA-256 of the model's weights and graph, hexadecimal
 * @param tokenizerSha256 SHA-256 of its tokenizer.json, hexadecimal
 * @param precision arithmetic of the encoder, such as {@code fp32}
 * @param pruning the pruning of document vectors, {@code none} by default
 * @param maxTokens max number of tokens of a document, including special tokens
 * @param queryModel reference of the model that encodes queries, if it is configured separately;
 *     null otherwise. It is not part of the fingerprint, because document vectors do not depend on
 *     it
 */
@PublicEvolving
public record Provenance(
        String model,
        String modelSha256,
        String tokenizerSha256,
        String precision,
        String pruning,
        int maxTokens,
        String queryModel)
        implements Serializable {

    /** The provenance of vectors whose queries are encoded by the same model. */
    public Provenance(
            String model,
            String modelSha256,
            String tokenizerSha256,
            String precision,
            String pruning,
            int maxTokens) {
        this(model, modelSha256, tokenizerSha256, precision, pruning, maxTokens, null);
    }

    /**
     * 16 hexadecimal digits that differ if vectors may differ. They do not depend on the model's
     * name, so moving a model's directory does not encode anything again.
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

    /** Name and value of each part that is not null, in a fixed order, as targets store them. */
    public Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        map.put("model", model);
        map.put("model_sha256", modelSha256);
        map.put("tokenizer_sha256", tokenizerSha256);
        map.put("precision", precision);
        map.put("pruning", pruning);
        map.put("max_tokens", Integer.toString(maxTokens));
        map.put("fingerprint", fingerprint());
        if (queryModel != null) {
            map.put("query_model", queryModel);
        }
        return map;
    }

    /** The inverse of {@link #toMap}; throws {@link ConnectorException} if a part is missing. */
    public static Provenance fromMap(Map<String, String> map) {
        try {
            return new Provenance(
                    required(map, "model"),
                    required(map, "model_sha256"),
                    required(map, "tokenizer_sha256"),
                    required(map, "precision"),
                    required(map, "pruning"),
                    Integer.parseInt(required(map, "max_tokens")),
                    map.get("query_model"));
        } catch (NumberFormatException e) {
            throw new ConnectorException("the provenance has an invalid max_tokens: " + map, e);
        }
    }

    private static String required(Map<String, String> map, String name) {
        String value = map.get(name);
        if (value == null) {
            throw new ConnectorException("the provenance has no " + name + ": " + map);
        }
        return value;
    }
}
