package io.github.flinksplade.encoder.architecture;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.util.List;
import java.util.stream.Stream;

/**
 * The architecture of GTE's second generation (Zhang et al.: "mGTE", 2024), which the transformers
 * library knows by the model type {@code new}. As BERT, but with rotary positions, and x = LN(x +
 * down(b activation(a))) with (b, a) = up(x).
 */
final class GteArchitecture implements Architecture {

    /** Rotary positions have no end; the tables allow at least as many as published models. */
    private static final int MAX_TOKENS = 8192;

    private static final String EMBEDDINGS = "new.embeddings";
    private static final String WORDS = EMBEDDINGS + ".word_embeddings.weight";
    private static final String LAYERS = "new.encoder.layer.";

    @Override
    public int vocabulary(ModelConfig config) {
        return config.size("vocab_size", 30528);
    }

    @Override
    public String addTo(GraphParts parts, ModelConfig config, ModelWeights weights) {
        boolean hasMean = config.text("layer_norm_type", "layer_norm").equals("layer_norm");
        if (!hasMean && !config.text("layer_norm_type", "").equals("rms_norm")) {
            throw config.unsupported("layer_norm_type", List.of("layer_norm", "rms_norm"));
        }
        String positionType = config.text("position_embedding_type", "rope");
        boolean isRotary = positionType.equals("rope");
        if (!isRotary && !positionType.equals("absolute")) {
            throw config.unsupported("position_embedding_type", List.of("rope", "absolute"));
        }
        int width = config.size("hidden_size", 768);
        int heads = config.size("num_attention_heads", 12);
        if (width % (2 * heads) != 0) {
            throw config.invalid("num_attention_heads", "a divisor of half of " + width);
        }
        int headWidth = width / heads;
        int inner = config.size("intermediate_size", 3072);
        int vocabulary = vocabulary(config);
        int positions = config.size("max_position_embeddings", 2048);
        double epsilon = config.number("layer_norm_eps", 1e-12);
        ActivationFunction activation = ActivationFunction.of(config, "hidden_act");

        String x = parts.embedding(WORDS, GraphParts.IDS, vocabulary, width);
        int types = config.count("type_vocab_size", 1);
        if (types > 0) {
            String table = parts.weight(EMBEDDINGS + ".token_type_embeddings.weight", types, width);
            x = parts.node("Add", x, parts.graph().slice(table, 0, 0, 1));
        }
        if (!isRotary) {
            String table =
                    parts.weight(EMBEDDINGS + ".position_embeddings.weight", positions, width);
            x = parts.node("Add", x, parts.firstRows(table));
        }
        x = parts.layerNorm(x, EMBEDDINGS + ".LayerNorm", width, epsilon, true);
        RotaryPositions rotary =
                isRotary ? rotary(parts, config, headWidth, Math.max(MAX_TOKENS, positions)) : null;
        int layers = config.size("num_hidden_layers", 12);
        for (int layer = 0; layer < layers; layer++) {
            String name = LAYERS + layer + ".";
            List<String> three = queriesKeysAndValues(parts, config, name, x, width);
            String query = parts.heads(three.get(0), heads, headWidth);
            String key = parts.heads(three.get(1), heads, headWidth);
            if (rotary != null) {
                query = rotary.rotate(query);
                key = rotary.rotate(key);
            }
            if (config.flag("logn_attention_scale", false)) {
                query = parts.node("Mul", query, lengthScale(parts, config, positions));
            }
            String mixed =
                    parts.attention(
                            query,
                            parts.permuted(key, 0, 1, 3, 2),
                            parts.heads(three.get(2), heads, headWidth),
                            heads,
                            headWidth,
                            parts.maskBias());
            String attended = parts.linear(mixed, name + "attention.o_proj", width, width, true);
            x =
                    norm(
                            parts,
                            parts.node("Add", x, attended),
                            name + "attn_ln",
                            width,
                            epsilon,
                            hasMean);
            String both = parts.linear(x, name + "mlp.up_gate_proj", width, 2L * inner, false);
            List<String> two = parts.graph().split(both, 2, inner, inner);
            String gated = parts.node("Mul", two.get(0), activation.apply(two.get(1), parts));
            String fed = parts.linear(gated, name + "mlp.down_proj", inner, width, true);
            x = norm(parts, parts.node("Add", x, fed), name + "mlp_ln", width, epsilon, hasMean);
        }
        weights.requireAllUsed(LAYERS);
        String dense = parts.linear(x, "lm_head.dense", width, width, true);
        String h =
                parts.layerNorm(
                        activation.apply(dense, parts), "lm_head.norm", width, epsilon, true);
        String matrix = config.flag("tie_word_embeddings", true) ? WORDS : "lm_head.decoder.weight";
        return parts.decode(
                h,
                parts.weight(matrix, vocabulary, width),
                List.of("lm_head.decoder.bias", "lm_head.bias"),
                vocabulary);
    }

    private static List<String> queriesKeysAndValues(
            GraphParts parts, ModelConfig config, String layer, String x, int width) {
        if (config.flag("pack_qkv", true)) {
            String all = parts.linear(x, layer + "attention.qkv_proj", width, 3L * width, true);
            return parts.graph().split(all, 2, width, width, width);
        }
        return Stream.of("q_proj", "k_proj", "v_proj")
                .map(name -> parts.linear(x, layer + "attention." + name, width, width, true))
                .toList();
    }

    /** The logarithm of a text's length to the base of the max length, [batch, 1, 1, 1]. */
    private static String lengthScale(GraphParts parts, ModelConfig config, int positions) {
        GraphBuilder graph = parts.graph();
        String length = graph.reduceSum(graph.cast(GraphParts.MASK, DataType.FLOAT), 1);
        String scale =
                parts.node("Div", parts.node("Log", length), parts.scalar(Math.log(positions)));
        if (config.flag("logn_attention_clip1", false)) {
            scale = parts.node("Max", scale, parts.scalar(1));
        }
        return parts.node("Reshape", scale, graph.int64s(-1, 1, 1, 1));
    }

    private static String norm(
            GraphParts parts, String x, String name, long width, double epsilon, boolean hasMean) {
        return hasMean
                ? parts.layerNorm(x, name, width, epsilon, true)
                : parts.rootMeanSquareNorm(x, name, width, epsilon);
    }

    /**
     * Positions beyond those of the training are scaled ("NTK-aware" scaling): for a factor f the
     * base grows by f, and the frequencies are divided by f^(2 / d), or with mixed_b = m by exp(a
     * (k + 1)^m) with a = ln(f) / (d / 2)^m and the base unchanged.
     */
    private static RotaryPositions rotary(
            GraphParts parts, ModelConfig config, int headWidth, int positions) {
        double base = config.number("rope_theta", 10_000);
        JsonNode scaling = config.get("rope_scaling");
        if (scaling.isMissingNode()) {
            return new RotaryPositions(
                    parts, "rotary", RotaryPositions.frequencies(base, headWidth), positions);
        }
        String type = scaling.path("type").asText(scaling.path("rope_type").asText());
        double factor = scaling.path("factor").asDouble();
        if (!type.equals("ntk") || factor < 1) {
            throw config.invalid("rope_scaling", "of the type \"ntk\" with a factor of at least 1");
        }
        JsonNode mixed = scaling.path("mixed_b");
        boolean isMixed = mixed.isNumber();
        double[] frequencies =
                RotaryPositions.frequencies(isMixed ? base : base * factor, headWidth);
        for (int k = 0; k < frequencies.length; k++) {
            if (isMixed) {
                double power = mixed.doubleValue();
                double a = Math.log(factor) / Math.pow(headWidth / 2.0, power);
                frequencies[k] /= Math.exp(a * Math.pow(k + 1, power));
            } else {
                frequencies[k] /= Math.pow(factor, 2.0 / headWidth);
            }
        }
        return new RotaryPositions(parts, "rotary", frequencies, positions);
    }
}
