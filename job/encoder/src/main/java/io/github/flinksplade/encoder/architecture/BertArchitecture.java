package io.github.flinksplade.encoder.architecture;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * BERT (Devlin et al., 2018) and the models that differ from it in names and details: RoBERTa,
 * XLM-RoBERTa, CamemBERT, DistilBERT and MPNet.
 *
 * <p>With LN a layer normalization, x = LN(word + position + token type embeddings); in each layer
 * x = LN(x + attention(x)), then x = LN(x + down(activation(up(x)))); logits = LN(activation(dense(
 * x))) D' + bias, with D the word embeddings unless the model has a decoder of its own.
 */
enum BertArchitecture implements Architecture {
    BERT(
            new Names(
                    "bert.embeddings",
                    "bert.encoder.layer.",
                    "attention.self.query",
                    "attention.self.key",
                    "attention.self.value",
                    "attention.output.dense",
                    "attention.output.LayerNorm",
                    "intermediate.dense",
                    "output.dense",
                    "output.LayerNorm",
                    "cls.predictions.transform.dense",
                    "cls.predictions.transform.LayerNorm",
                    "cls.predictions.decoder.weight",
                    List.of("cls.predictions.bias", "cls.predictions.decoder.bias")),
            30522,
            0),
    ROBERTA(
            new Names(
                    "roberta.embeddings",
                    "roberta.encoder.layer.",
                    "attention.self.query",
                    "attention.self.key",
                    "attention.self.value",
                    "attention.output.dense",
                    "attention.output.LayerNorm",
                    "intermediate.dense",
                    "output.dense",
                    "output.LayerNorm",
                    "lm_head.dense",
                    "lm_head.layer_norm",
                    "lm_head.decoder.weight",
                    List.of("lm_head.bias", "lm_head.decoder.bias")),
            50265,
            1),
    DISTILBERT(
            new Names(
                    "distilbert.embeddings",
                    "distilbert.transformer.layer.",
                    "attention.q_lin",
                    "attention.k_lin",
                    "attention.v_lin",
                    "attention.out_lin",
                    "sa_layer_norm",
                    "ffn.lin1",
                    "ffn.lin2",
                    "output_layer_norm",
                    "vocab_transform",
                    "vocab_layer_norm",
                    "vocab_projector.weight",
                    List.of("vocab_projector.bias")),
            30522,
            0),
    MPNET(
            new Names(
                    "mpnet.embeddings",
                    "mpnet.encoder.layer.",
                    "attention.attn.q",
                    "attention.attn.k",
                    "attention.attn.v",
                    "attention.attn.o",
                    "attention.LayerNorm",
                    "intermediate.dense",
                    "output.dense",
                    "output.LayerNorm",
                    "lm_head.dense",
                    "lm_head.layer_norm",
                    "lm_head.decoder.weight",
                    List.of("lm_head.bias", "lm_head.decoder.bias")),
            30527,
            1);

    private static final int MPNET_BUCKETS = 32;
    private static final int MPNET_MAX_DISTANCE = 128;

    private final Names names;
    private final int defaultVocabulary;
    private final int defaultPadding;

    /** Names of weights; those of a layer follow its number. */
    private record Names(
            String embeddings,
            String layers,
            String query,
            String key,
            String value,
            String attentionOutput,
            String attentionNorm,
            String up,
            String down,
            String outputNorm,
            String headDense,
            String headNorm,
            String decoder,
            List<String> decoderBiases) {}

    /** What a configuration states, which DistilBERT's calls by other names. */
    private record Sizes(
            int width,
            int inner,
            int layers,
            int heads,
            int vocabulary,
            int positions,
            double epsilon,
            ActivationFunction activation) {}

    BertArchitecture(Names names, int defaultVocabulary, int defaultPadding) {
        this.names = names;
        this.defaultVocabulary = defaultVocabulary;
        this.defaultPadding = defaultPadding;
    }

    @Override
    public int vocabulary(ModelConfig config) {
        return config.size("vocab_size", defaultVocabulary);
    }

    /** The size of a hidden state. */
    int width(ModelConfig config) {
        return config.size(this == DISTILBERT ? "dim" : "hidden_size", 768);
    }

    private Sizes sizes(ModelConfig config) {
        boolean isDistilled = this == DISTILBERT;
        int width = width(config);
        String heads = isDistilled ? "n_heads" : "num_attention_heads";
        Sizes sizes =
                new Sizes(
                        width,
                        config.size(isDistilled ? "hidden_dim" : "intermediate_size", 3072),
                        isDistilled
                                ? config.size("n_layers", 6)
                                : config.size("num_hidden_layers", 12),
                        config.size(heads, 12),
                        vocabulary(config),
                        config.size("max_position_embeddings", 512),
                        isDistilled ? 1e-12 : config.number("layer_norm_eps", 1e-12),
                        ActivationFunction.of(config, isDistilled ? "activation" : "hidden_act"));
        if (width % sizes.heads() != 0) {
            throw config.invalid(heads, "a divisor of the width " + width);
        }
        return sizes;
    }

    @Override
    public String addTo(GraphParts parts, ModelConfig config, ModelWeights weights) {
        return head(parts, config, sizes(config), hiddenStates(parts, config, weights));
    }

    /** Adds the model without its head; returns the last hidden states, [batch, tokens, width]. */
    String hiddenStates(GraphParts parts, ModelConfig config, ModelWeights weights) {
        config.requireText("position_embedding_type", "absolute");
        config.require("is_decoder", false);
        if (this == MPNET
                && config.size("relative_attention_num_buckets", MPNET_BUCKETS) != MPNET_BUCKETS) {
            throw config.invalid("relative_attention_num_buckets", Integer.toString(MPNET_BUCKETS));
        }
        config.require("add_cross_attention", false);
        Sizes sizes = sizes(config);
        String x = embeddings(parts, config, sizes);
        String relative = this == MPNET ? relativeBias(parts, sizes) : null;
        for (int layer = 0; layer < sizes.layers(); layer++) {
            x = layer(parts, sizes, names.layers() + layer + ".", x, relative);
        }
        weights.requireAllUsed(names.layers());
        return x;
    }

    private String wordEmbeddings() {
        return names.embeddings() + ".word_embeddings.weight";
    }

    private String embeddings(GraphParts parts, ModelConfig config, Sizes sizes) {
        String x =
                parts.embedding(
                        wordEmbeddings(), GraphParts.IDS, sizes.vocabulary(), sizes.width());
        if (this == BERT || this == ROBERTA) {
            int types = config.size("type_vocab_size", 2);
            String table =
                    parts.weight(
                            names.embeddings() + ".token_type_embeddings.weight",
                            types,
                            sizes.width());
            // a text has one segment
            x = parts.node("Add", x, parts.graph().slice(table, 0, 0, 1));
        }
        String position = names.embeddings() + ".position_embeddings.weight";
        long rows = sizes.positions();
        String positions =
                this == BERT || this == DISTILBERT
                        ? parts.firstRows(parts.weight(position, rows, sizes.width()))
                        : parts.embedding(
                                position,
                                positionsAfterPadding(parts, config),
                                rows,
                                sizes.width());
        x = parts.node("Add", x, positions);
        return parts.layerNorm(
                x, names.embeddings() + ".LayerNorm", sizes.width(), sizes.epsilon(), true);
    }

    /**
     * RoBERTa's positions: tokens other than padding are counted from the padding's id + 1, and
     * padding has its id as its position.
     */
    private String positionsAfterPadding(GraphParts parts, ModelConfig config) {
        int padding = this == MPNET ? defaultPadding : config.count("pad_token_id", defaultPadding);
        GraphBuilder graph = parts.graph();
        String id = graph.int64s(padding);
        String present =
                graph.cast(
                        parts.node("Not", parts.node("Equal", GraphParts.IDS, id)), DataType.INT64);
        String axis = graph.squeeze(graph.int64s(1), 0);
        String counted = parts.node("Mul", parts.node("CumSum", present, axis), present);
        return parts.node("Add", counted, id);
    }

    private String layer(GraphParts parts, Sizes sizes, String name, String x, String relative) {
        int width = sizes.width();
        int heads = sizes.heads();
        int headWidth = width / heads;
        String query = parts.linear(x, name + names.query(), width, width, true);
        String key = parts.linear(x, name + names.key(), width, width, true);
        String value = parts.linear(x, name + names.value(), width, width, true);
        String[] biases =
                relative == null
                        ? new String[] {parts.maskBias()}
                        : new String[] {relative, parts.maskBias()};
        String mixed =
                parts.attention(
                        parts.heads(query, heads, headWidth),
                        parts.transposedHeads(key, heads, headWidth),
                        parts.heads(value, heads, headWidth),
                        heads,
                        headWidth,
                        biases);
        String attended = parts.linear(mixed, name + names.attentionOutput(), width, width, true);
        String y =
                parts.layerNorm(
                        parts.node("Add", attended, x),
                        name + names.attentionNorm(),
                        width,
                        sizes.epsilon(),
                        true);
        String inner =
                sizes.activation()
                        .apply(
                                parts.linear(y, name + names.up(), width, sizes.inner(), true),
                                parts);
        return parts.layerNorm(
                parts.node(
                        "Add",
                        parts.linear(inner, name + names.down(), sizes.inner(), width, true),
                        y),
                name + names.outputNorm(),
                width,
                sizes.epsilon(),
                true);
    }

    /** RoBERTa's and MPNet's heads always have the exact GELU. */
    private String head(GraphParts parts, ModelConfig config, Sizes sizes, String x) {
        ActivationFunction activation =
                this == ROBERTA || this == MPNET ? ActivationFunction.GELU : sizes.activation();
        String dense = parts.linear(x, names.headDense(), sizes.width(), sizes.width(), true);
        String h =
                parts.layerNorm(
                        activation.apply(dense, parts),
                        names.headNorm(),
                        sizes.width(),
                        sizes.epsilon(),
                        true);
        boolean isTied = config.flag("tie_word_embeddings", true);
        List<String> biases = new ArrayList<>(names.decoderBiases());
        if (!isTied) {
            // newer versions of the library store both and use the decoder's own
            Collections.reverse(biases);
        }
        return parts.decode(
                h,
                parts.weight(
                        isTied ? wordEmbeddings() : names.decoder(),
                        sizes.vocabulary(),
                        sizes.width()),
                biases,
                sizes.vocabulary());
    }

    /**
     * MPNet's bias by the distance between two tokens, [1, heads, tokens, tokens]: distances are
     * grouped into buckets, exactly up to 7 and logarithmically up to 128, for each direction.
     */
    private String relativeBias(GraphParts parts, Sizes sizes) {
        int positions = sizes.positions();
        long[] buckets = new long[2 * positions - 1];
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = bucket(i - (positions - 1));
        }
        GraphBuilder graph = parts.graph();
        String byDistance =
                parts.node(
                        "Gather",
                        parts.weight(
                                "mpnet.encoder.relative_attention_bias.weight",
                                MPNET_BUCKETS,
                                sizes.heads()),
                        graph.int64s(buckets));
        String position = parts.firstRows(graph.int64s(range(positions)));
        // key - query, from 0
        String distance =
                parts.node(
                        "Add",
                        parts.node(
                                "Sub", graph.unsqueeze(position, 0), graph.unsqueeze(position, 1)),
                        graph.int64s(positions - 1));
        String table = parts.node("Gather", byDistance, distance);
        return graph.unsqueeze(parts.permuted(table, 2, 0, 1), 0);
    }

    private static long[] range(int size) {
        long[] range = new long[size];
        for (int i = 0; i < size; i++) {
            range[i] = i;
        }
        return range;
    }

    /**
     * @param distance of the key from the query
     */
    private static int bucket(int distance) {
        int half = MPNET_BUCKETS / 2;
        int exact = half / 2;
        int size = Math.abs(distance);
        int direction = distance > 0 ? half : 0;
        if (size < exact) {
            return direction + size;
        }
        float logarithm =
                (float) Math.log(size / (float) exact)
                        / (float) Math.log(MPNET_MAX_DISTANCE / (double) exact)
                        * (half - exact);
        return direction + Math.min(half - 1, exact + (int) logarithm);
    }
}
