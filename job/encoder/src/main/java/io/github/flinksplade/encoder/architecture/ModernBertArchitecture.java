package io.github.flinksplade.encoder.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.util.List;

/**
 * ModernBERT (Warner et al., 2024). With LN a layer normalization, x = LN(word embedding); in each
 * layer x = x + attention(LN(x)), without LN in the first, then x = x + down(activation(a) * b)
 * with (a, b) = up(LN(x)); logits = LN(activation(dense(LN(x)))) D' + bias. Some layers attend to
 * all tokens, the others to those within a window.
 */
final class ModernBertArchitecture implements Architecture {

    private static final int MAX_TOKENS = 8192;
    private static final String LAYERS = "model.layers.";
    private static final String WORDS = "model.embeddings.tok_embeddings.weight";
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    @Override
    public int vocabulary(ModelConfig config) {
        return config.size("vocab_size", 50368);
    }

    @Override
    public String addTo(GraphParts parts, ModelConfig config, ModelWeights weights) {
        return new Writer(parts, config, vocabulary(config)).logits(weights);
    }

    private static final class Writer {

        private final GraphParts parts;
        private final ModelConfig config;
        private final int vocabulary;
        private final int width;
        private final int inner;
        private final int heads;
        private final int headWidth;
        private final double epsilon;
        private final boolean hasNormBias;
        private final RotaryPositions global;
        private final RotaryPositions local;
        private final String window;

        Writer(GraphParts parts, ModelConfig config, int vocabulary) {
            this.parts = parts;
            this.config = config;
            this.vocabulary = vocabulary;
            width = config.size("hidden_size", 768);
            inner = config.size("intermediate_size", 1152);
            heads = config.size("num_attention_heads", 12);
            if (width % (2 * heads) != 0) {
                throw config.invalid("num_attention_heads", "a divisor of half of " + width);
            }
            headWidth = width / heads;
            if (config.has("sliding_window")) {
                throw config.invalid("sliding_window", "absent; local_attention is the window");
            }
            epsilon = config.number("norm_eps", 1e-5);
            hasNormBias = config.flag("norm_bias", false);
            // rotary positions have no end; the tables allow at least as many as ModernBERT's own
            int positions =
                    Math.max(MAX_TOKENS, config.size("max_position_embeddings", MAX_TOKENS));
            double globalTheta = theta(FULL, "global_rope_theta", 160_000);
            global = rotary("global", globalTheta, positions);
            local =
                    rotary(
                            "local",
                            theta(
                                    SLIDING,
                                    "local_rope_theta",
                                    config.isNull("local_rope_theta") ? globalTheta : 10_000),
                            positions);
            window = window(positions, config.size("local_attention", 128) / 2);
        }

        private RotaryPositions rotary(String name, double theta, int positions) {
            return new RotaryPositions(
                    parts, name, RotaryPositions.frequencies(theta, headWidth), positions);
        }

        /** The base of the frequencies; newer versions of the library have another key. */
        private double theta(String attention, String key, double defaultValue) {
            JsonNode parameters = config.get("rope_parameters");
            if (parameters.isMissingNode()) {
                if (config.has("rope_scaling")) {
                    throw config.invalid("rope_scaling", "absent");
                }
                return config.number(key, defaultValue);
            }
            JsonNode found = parameters.path(attention);
            if (!found.isObject()) {
                throw config.invalid(
                        "rope_parameters", "an object with " + FULL + " and " + SLIDING);
            }
            if (!found.path("rope_type").asText("default").equals("default")) {
                throw config.invalid("rope_parameters", "of the rope_type \"default\"");
            }
            return found.path("rope_theta").asDouble(config.number(key, defaultValue));
        }

        /** What is added to the scores of tokens that are further apart than the window. */
        private String window(int positions, int distance) {
            float[] numbers = new float[positions];
            for (int i = 0; i < positions; i++) {
                numbers[i] = i;
            }
            String position = parts.firstRows(parts.floats("positions", numbers, positions));
            GraphBuilder graph = parts.graph();
            String distances =
                    parts.node(
                            "Abs",
                            parts.node(
                                    "Sub",
                                    graph.unsqueeze(position, 0),
                                    graph.unsqueeze(position, 1)));
            return parts.exclude(parts.node("LessOrEqual", distances, parts.scalar(distance)));
        }

        String logits(ModelWeights weights) {
            String x = parts.embedding(WORDS, GraphParts.IDS, vocabulary, width);
            x = norm(x, "model.embeddings.norm");
            ActivationFunction activation = ActivationFunction.of(config, "hidden_activation");
            int layers = config.size("num_hidden_layers", 22);
            for (int layer = 0; layer < layers; layer++) {
                x = layer(layer, layers, activation, x);
            }
            weights.requireAllUsed(LAYERS);
            x = norm(x, "model.final_norm");
            boolean hasHeadBias = config.flag("classifier_bias", false);
            String h =
                    norm(
                            ActivationFunction.of(config, "classifier_activation")
                                    .apply(
                                            parts.linear(
                                                    x, "head.dense", width, width, hasHeadBias),
                                            parts),
                            "head.norm");
            String matrix = config.flag("tie_word_embeddings", true) ? WORDS : "decoder.weight";
            return parts.decode(
                    h,
                    parts.weight(matrix, vocabulary, width),
                    config.flag("decoder_bias", true) ? List.of("decoder.bias") : List.of(),
                    vocabulary);
        }

        private String norm(String x, String name) {
            return parts.layerNorm(x, name, width, epsilon, hasNormBias);
        }

        private boolean isGlobal(int layer, int layers) {
            JsonNode types = config.get("layer_types");
            if (types.isMissingNode()) {
                return layer % config.size("global_attn_every_n_layers", 3) == 0;
            }
            String type = types.path(layer).asText();
            if (types.size() != layers || !(type.equals(FULL) || type.equals(SLIDING))) {
                throw config.invalid(
                        "layer_types", FULL + " or " + SLIDING + " for each of the layers");
            }
            return type.equals(FULL);
        }

        private String layer(int layer, int layers, ActivationFunction activation, String x) {
            String name = LAYERS + layer + ".";
            boolean hasAttentionBias = config.flag("attention_bias", false);
            boolean hasInnerBias = config.flag("mlp_bias", false);
            boolean isGlobal = isGlobal(layer, layers);
            RotaryPositions positions = isGlobal ? global : local;
            String normalized = layer == 0 ? x : norm(x, name + "attn_norm");
            String all =
                    parts.linear(
                            normalized, name + "attn.Wqkv", width, 3L * width, hasAttentionBias);
            List<String> three = parts.graph().split(all, 2, width, width, width);
            String query = positions.rotate(parts.heads(three.get(0), heads, headWidth));
            String key = positions.rotate(parts.heads(three.get(1), heads, headWidth));
            String value = parts.heads(three.get(2), heads, headWidth);
            String mixed =
                    parts.attention(
                            query,
                            parts.permuted(key, 0, 1, 3, 2),
                            value,
                            heads,
                            headWidth,
                            isGlobal
                                    ? new String[] {parts.maskBias()}
                                    : new String[] {window, parts.maskBias()});
            String attended = parts.linear(mixed, name + "attn.Wo", width, width, hasAttentionBias);
            String y = parts.node("Add", x, attended);
            List<String> two =
                    parts.graph()
                            .split(
                                    parts.linear(
                                            norm(y, name + "mlp_norm"),
                                            name + "mlp.Wi",
                                            width,
                                            2L * inner,
                                            hasInnerBias),
                                    2,
                                    inner,
                                    inner);
            String gated = parts.node("Mul", activation.apply(two.get(0), parts), two.get(1));
            return parts.node(
                    "Add", y, parts.linear(gated, name + "mlp.Wo", inner, width, hasInnerBias));
        }
    }
}
