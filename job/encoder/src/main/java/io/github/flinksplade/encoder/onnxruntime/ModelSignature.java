package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OrtException;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.architecture.ModelGraph;
import io.github.flinksplade.encoder.architecture.TokenWeightHead;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.GraphInputs;
import io.github.flinksplade.encoder.graph.KeepPooledOutput;
import io.github.flinksplade.encoder.graph.MaxPoolInGraph;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.graph.RewrittenGraph;
import io.github.flinksplade.encoder.graph.SpladePoolingMatcher;
import io.github.flinksplade.encoder.graph.SumPoolInGraph;
import io.github.flinksplade.encoder.graph.WeighTokens;
import io.github.flinksplade.encoder.tokenizer.TokenizerFile;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The inputs, outputs and operators of a model's graph, as far as they decide how it is run. */
final class ModelSignature {

    /** They use one scale per batch, so a text's values depend on the other texts of the batch. */
    private static final Set<String> SCALES_PER_BATCH =
            Set.of("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM");

    private static final Set<String> INTEGER_MATMULS =
            Set.of(
                    "MatMulInteger",
                    "MatMulIntegerToFloat",
                    "DynamicQuantizeMatMul",
                    "QLinearMatMul");

    private final ModelFiles files;
    private final OnnxFile file;
    private final GraphIndex graph;
    private final GraphInputs inputs;
    private final GraphConfig config;

    /**
     * A graph whose outputs the engine can read.
     *
     * @param columns number of terms of its table; 0 if it has none
     */
    record Pooled(RewrittenGraph graph, int columns) {}

    private ModelSignature(ModelFiles files, GraphConfig config) {
        this.files = files;
        this.config = config;
        this.file = ModelGraph.read(files.graph());
        this.graph = new GraphIndex(file.model());
        this.inputs = GraphInputs.of(graph, files.graph());
    }

    /**
     * @throws ModelException if the graph is not one of a text model
     */
    static ModelSignature read(ModelFiles files, GraphConfig config) {
        return new ModelSignature(files, config);
    }

    OnnxFile file() {
        return file;
    }

    GraphInputs inputs() {
        return inputs;
    }

    long operatorSet() {
        return graph.operatorSet();
    }

    boolean hasIntegerMatMuls() {
        return hasAny(INTEGER_MATMULS);
    }

    /** Whether a run must have one text only, whatever the output. */
    boolean requiresUnbatched() {
        return inputs.fixedBatch() > 0 || inputs.fixedTokens() > 0 || hasAny(SCALES_PER_BATCH);
    }

    private boolean hasAny(Set<String> operators) {
        boolean[] found = {false};
        graph.forEachNode(node -> found[0] |= operators.contains(node.getOpType()));
        return found[0];
    }

    /** The arithmetic of the matrix multiplications: the type of most of the weights. */
    String precision() {
        if (hasIntegerMatMuls()) {
            return "int8";
        }
        Map<String, Long> sizes = new HashMap<>();
        for (TensorProto tensor : graph.graph().getInitializerList()) {
            DataType type = DataType.forNumber(tensor.getDataType());
            String precision =
                    type == null
                            ? "fp32"
                            : switch (type) {
                                case FLOAT16 -> "fp16";
                                case BFLOAT16 -> "bf16";
                                case INT8, UINT8 -> "int8";
                                default -> "fp32";
                            };
            long size = tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
            sizes.merge(precision, size, Long::sum);
        }
        return sizes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse("fp32");
    }

    /**
     * Returns the tokenizer with the terms that the graph has embeddings for.
     *
     * @throws ModelException if the tokenizer belongs to another model: terms of its own
     *     vocabulary, without added tokens, have no embedding
     */
    TokenizerFile withEmbeddings(TokenizerFile tokenizer) {
        int rows =
                embeddings()
                        .map(table -> Math.toIntExact(table.getDims(0)))
                        .orElse(config.vocabularySize());
        return rows == 0
                ? tokenizer
                : tokenizer
                        .limitedTo(rows)
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                files.tokenizer()
                                                        + " has "
                                                        + tokenizer.size()
                                                        + " terms, but "
                                                        + files.graph()
                                                        + " has embeddings for "
                                                        + rows
                                                        + "; use the tokenizer that belongs to the"
                                                        + " model"));
    }

    /** The size of an embedding; 0 if unknown. */
    long embeddingWidth() {
        return embeddings()
                .filter(table -> table.getDimsCount() == 2)
                .map(table -> table.getDims(1))
                .orElse(0L);
    }

    /** The smallest table that token ids index: other tables have as many rows or more. */
    private Optional<TensorProto> embeddings() {
        String ids = inputs.named(GraphInputs.Kind.IDS).orElseThrow();
        return graph.graph().getNodeList().stream()
                .filter(node -> graph.is(node, "Gather"))
                .filter(node -> behindCasts(node.getInput(1)).equals(ids))
                .flatMap(node -> graph.constant(node.getInput(0)).stream())
                .filter(table -> table.getDimsCount() > 0)
                .min(
                        Comparator.comparingLong((TensorProto table) -> table.getDims(0))
                                .thenComparing(
                                        table ->
                                                table.getDimsCount() == 2 ? -table.getDims(1) : 0));
    }

    private String behindCasts(String value) {
        String current = graph.behindIdentities(value);
        Optional<NodeProto> cast = graph.producer(current, "Cast");
        return cast.isPresent() ? behindCasts(cast.get().getInput(0)) : current;
    }

    /**
     * Returns the graph with pooled outputs.
     *
     * @param terms number of terms of the tokenizer
     * @param onGpu whether it will run on a GPU, where sequences are padded and the largest values
     *     are selected
     * @throws ModelException if it has no output with a value per term
     */
    Pooled pool(int terms, boolean onGpu) {
        List<OutputShape> outputs = OutputShape.declared(graph);
        Optional<Pooled> pooled = pool(outputs, terms, onGpu);
        if (pooled.isEmpty() && outputs.stream().anyMatch(OutputShape::isVague)) {
            try {
                pooled = pool(OutputShape.probed(file, inputs), terms, onGpu);
            } catch (OrtException e) {
                throw failure(OnnxSession.reason(e), e);
            }
        }
        return pooled.orElseThrow(() -> noOutput(terms));
    }

    private Optional<Pooled> pool(List<OutputShape> outputs, int terms, boolean onGpu) {
        if (files.metadata().tokenHead().isPresent()) {
            TokenWeightHead head = TokenWeightHead.read(files.metadata().tokenHead().get());
            return matching(outputs, 3, head.weight().length)
                    .map(
                            hidden ->
                                    new Pooled(
                                            WeighTokens.apply(
                                                    graph,
                                                    hidden.name(),
                                                    head.weight(),
                                                    head.bias()),
                                            0));
        }
        if (has(outputs, "output_idx") && has(outputs, "output_weights")) {
            requirePooling("output_weights");
            return Optional.of(
                    new Pooled(KeepPooledOutput.pairs(graph, "output_idx", "output_weights"), 0));
        }
        Optional<OutputShape> logits = matching(outputs, 3, terms);
        Optional<OutputShape> pooled = matching(outputs, 2, terms);
        Optional<Integer> topTermsOf = onGpu ? Optional.of(terms) : Optional.empty();
        if (pooled.isPresent()
                && !logits.map(shape -> shape.name().equals("logits")).orElse(false)) {
            int columns = Math.toIntExact(pooled.get().lastSize());
            requirePooling(pooled.get().name());
            Optional<String> unpooled =
                    new SpladePoolingMatcher(graph, file::data, inputs).logits(pooled.get().name());
            return Optional.of(
                    unpooled.isPresent()
                            ? pooled(unpooled.get(), columns, topTermsOf)
                            : new Pooled(
                                    KeepPooledOutput.table(graph, pooled.get().name(), topTermsOf),
                                    columns));
        }
        return logits.map(
                shape -> pooled(shape.name(), Math.toIntExact(shape.lastSize()), topTermsOf));
    }

    /**
     * The pooled logits. Padding, and thus a mask, occurs on a GPU and where the sequence length is
     * fixed.
     */
    private Pooled pooled(String logits, int columns, Optional<Integer> topTermsOf) {
        Optional<String> mask =
                topTermsOf.isPresent() || inputs.fixedTokens() > 0
                        ? inputs.named(GraphInputs.Kind.MASK)
                        : Optional.empty();
        Formula formula = files.metadata().formula();
        RewrittenGraph pooled =
                switch (formula.pooling()) {
                    case MAX -> MaxPoolInGraph.apply(graph, file, logits, mask, topTermsOf);
                    case SUM ->
                            SumPoolInGraph.apply(
                                    graph, logits, mask, formula.logarithms(), topTermsOf);
                };
        return new Pooled(pooled, columns);
    }

    /**
     * Rejects metadata that a graph which pools its output itself does not follow.
     *
     * @param output its name
     */
    private void requirePooling(String output) {
        Formula formula = files.metadata().formula();
        if (formula.pooling() != Formula.STANDARD.pooling()
                || formula.activation() != Formula.STANDARD.activation()) {
            throw new ModelException(
                    "the output "
                            + output
                            + " of "
                            + files.graph()
                            + " is pooled, but the model's configuration states another formula ("
                            + formula
                            + "), which can only be applied to logits; use a graph with the logits,"
                            + " or the model's safetensors files");
        }
    }

    private static boolean has(List<OutputShape> outputs, String name) {
        return outputs.stream().anyMatch(output -> output.name().equals(name));
    }

    /** The output of that rank that has a value per term; one named "logits" takes precedence. */
    private Optional<OutputShape> matching(List<OutputShape> outputs, int rank, int terms) {
        List<OutputShape> matching =
                outputs.stream()
                        .filter(output -> output.sizes().size() == rank)
                        .filter(OutputShape::isFloat)
                        .filter(output -> matches(output.lastSize(), terms))
                        .toList();
        return matching.stream()
                .filter(output -> output.name().equals("logits"))
                .findFirst()
                .or(() -> matching.stream().findFirst());
    }

    /**
     * Whether a table with that many columns has one per term of the tokenizer, followed by unused
     * ones: config.json states that number of terms; or it states the tokenizer's, and the table
     * has a column per embedding; or the number of terms is rounded for the sake of the hardware.
     */
    private boolean matches(long columns, int terms) {
        if (columns <= terms) {
            return columns == terms;
        }
        long embeddings = embeddings().map(table -> table.getDims(0)).orElse(0L);
        return columns == config.vocabularySize()
                || terms == config.vocabularySize() && columns == embeddings
                || isRounded(columns, terms);
    }

    private static boolean isRounded(long columns, int terms) {
        for (int round = 8; round <= 4096 && round <= terms; round *= 2) {
            if (columns == (terms + round - 1L) / round * round) {
                return true;
            }
        }
        return columns == (terms + 99L) / 100 * 100;
    }

    private ModelException noOutput(int terms) {
        return new ModelException(
                files.graph()
                        + " has no output with a weight for each of the "
                        + terms
                        + " terms of "
                        + files.tokenizer().getFileName()
                        + ": it has "
                        + GraphInputs.describe(graph)
                        + "; use a masked language model (float logits [batch, tokens, vocabulary])"
                        + " with its own tokenizer");
    }

    /** The model fails whatever the text. */
    ModelException failure(String reason, Throwable cause) {
        return new ModelException(
                files.graph() + " cannot be run with " + files.tokenizer() + ": " + reason, cause);
    }
}
