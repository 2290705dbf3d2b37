package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.SparseVector;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.encoder.engine.DeviceMemoryException;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.engine.MemoryBudget;
import io.github.flinksplade.encoder.graph.FuseAttention;
import io.github.flinksplade.encoder.graph.FuseResidualNormalization;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.GraphInputs;
import io.github.flinksplade.encoder.graph.GraphOutput;
import io.github.flinksplade.encoder.graph.MaxPoolInGraph;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.graph.ReplaceLayerNormalization;
import io.github.flinksplade.encoder.graph.SpladeTailMatcher;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

/**
 * Opens a model: finds out what its graph takes and gives, rewrites it, and tries it out, so that
 * what does not fit together is said at once and not by the first unlucky text.
 */
public final class OnnxLoader {

    private static final int DEFAULT_DOCUMENT_TOKENS = 128;
    private static final int DEFAULT_QUERY_TOKENS = 24;

    /** No position table in use is longer, and the memory of a run grows with the square. */
    private static final int MOST_TOKENS = 1 << 15;

    /**
     * Tried: from here on a larger batch is no faster on one core, while six tokens alone take two
     * and a half times as long as in company.
     */
    private static final int BATCH_TOKENS = 256;

    private static final int BATCH_DOCUMENTS = 32;

    /** On a GPU: about where its matrix units are full, at a hundred texts of 128 tokens. */
    private static final int GPU_BATCH_TOKENS = 1 << 14;

    private static final int EMULATED_BATCH_TOKENS = 1 << 9;

    private static final int GPU_BATCH_DOCUMENTS = 1024;

    /** Its matrix units want sizes that are multiples of this. */
    private static final int GPU_LENGTH_STEP = 8;

    /** One batch is read out and another made ready while a third is computed. */
    private static final int GPU_WORKERS = 3;

    private static final int MOST_WARM_UPS = 16;

    /** How far weights may be apart that were computed in another batch on a GPU. */
    private static final float GPU_TOLERANCE = .02f;

    /**
     * They choose one scale for a whole batch, so that a text's numbers depend on its neighbours.
     */
    private static final Set<String> SCALES_PER_BATCH =
            Set.of("DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM");

    private static final Set<String> INTEGER_PRODUCTS =
            Set.of(
                    "MatMulInteger",
                    "MatMulIntegerToFloat",
                    "DynamicQuantizeMatMul",
                    "QLinearMatMul");

    private final ModelFiles files;
    private final EncoderOptions options;
    private final ModelTokenizer tokens;
    private final OnnxFile file;
    private final GraphIndex graph;
    private final GraphInputs inputs;
    private final Gpu.Choice choice;

    /** The parts of an open model. Who has them closes the engine and the tokenizer. */
    public record Opened(ModelInfo info, Tokenizer tokenizer, Engine engine) {}

    /** An output of the graph: its type and its shape, -1 for a size that varies. */
    private record Shape(String name, int type, List<Long> sizes) {}

    private OnnxLoader(ModelFiles files, EncoderOptions options, ModelTokenizer tokens) {
        this.files = files;
        this.options = options;
        this.tokens = tokens;
        this.file = OnnxFile.read(files.graph());
        this.graph = new GraphIndex(file.model());
        this.inputs = GraphInputs.of(graph, files.graph());
        boolean integers = hasAny(INTEGER_PRODUCTS);
        this.choice = Gpu.choose(options.device(), integers);
        if (integers && isGpu()) {
            throw new ModelException(
                    "products of 8-bit integers are for CPUs; on a GPU use --precision fp16");
        }
    }

    /**
     * The tokenizer alone, its limits not yet fitted to what the graph takes.
     *
     * @throws ModelException when it cannot be used
     */
    public static Tokenizer tokenizer(ModelFiles files, EncoderOptions options) {
        ModelTokenizer tokens = ModelTokenizer.read(files.tokenizer());
        return tokens.limitedTo(
                wanted(options.documentTokens(), files.documentTokens(), DEFAULT_DOCUMENT_TOKENS),
                wanted(options.queryTokens(), files.queryTokens(), DEFAULT_QUERY_TOKENS));
    }

    private static int wanted(int asked, int own, int usual) {
        return asked > 0 ? asked : own > 0 ? own : usual;
    }

    private boolean isGpu() {
        return choice.device().kind() != Device.Kind.CPU;
    }

    /**
     * @throws ModelException when it cannot be used; the message is for the user
     */
    public static Opened open(ModelFiles files, EncoderOptions options) {
        ModelTokenizer tokens = ModelTokenizer.read(files.tokenizer());
        try {
            return new OnnxLoader(files, options, tokens).open();
        } catch (RuntimeException | Error e) {
            tokens.close();
            throw e;
        }
    }

    private Opened open() {
        checkEmbeddings();
        int document =
                limit(
                        "document",
                        options.documentTokens(),
                        files.documentTokens(),
                        DEFAULT_DOCUMENT_TOKENS);
        int query =
                limit("query", options.queryTokens(), files.queryTokens(), DEFAULT_QUERY_TOKENS);
        Found found = find();
        MaxPoolInGraph.Rewritten rewritten = found.rewritten();
        OnnxEngine single = single(found, Math.max(document, query));
        try {
            Trial trial = new Trial(single);
            trial.shortest();
            int most = trial.most(Math.max(document, query));
            document = within(most, document, "document", options.documentTokens());
            query = within(most, query, "query", options.queryTokens());
            boolean alone =
                    rewritten.output().kind() == GraphOutput.Kind.PAIRS
                            || rewritten.output().kind() == GraphOutput.Kind.WEIGHTS && !isGpu()
                            || inputs.fixedBatch() > 0
                            || inputs.fixedTokens() > 0
                            || hasAny(SCALES_PER_BATCH);
            Engine.Limits batches = isGpu() ? onGpu(most) : onCpu();
            alone = alone || !trial.sameInBatches(single.withLimits(batches, most), most);
            Engine.Limits oneByOne = new Engine.Limits(batches.workers(), 1, BATCH_TOKENS, true);
            Engine engine = single.withLimits(alone ? oneByOne : batches, most);
            if (isGpu()) {
                engine = new MemoryBudget(engine, most);
                trial.warmUp(engine, most);
            }
            ModelInfo info =
                    new ModelInfo(
                            files.name(),
                            files.sha256(),
                            files.tokenizerSha256(),
                            precision(),
                            tokens.vocabularySize(),
                            document,
                            query,
                            choice.device()
                                    + (choice.note().isEmpty() ? "" : " (" + choice.note() + ")"),
                            rewritten.summary()
                                    + "; opset "
                                    + graph.operatorSet()
                                    + (single.knowsLengths() ? "; attention in one node" : "")
                                    + (alone ? "; one text a run" : ""));
            return new Opened(info, tokens.limitedTo(document, query), engine);
        } catch (RuntimeException | Error e) {
            single.close();
            throw e;
        }
    }

    private Engine.Limits onCpu() {
        int workers =
                options.threads() > 0
                        ? options.threads()
                        : Runtime.getRuntime().availableProcessors();
        return new Engine.Limits(workers, BATCH_DOCUMENTS, BATCH_TOKENS, true);
    }

    private Engine.Limits onGpu(int longest) {
        int budget = budget();
        // TensorRT makes an engine for the largest batch in both directions
        int documents =
                choice.device().kind() == Device.Kind.TENSORRT
                        ? Math.max(1, budget / longest)
                        : GPU_BATCH_DOCUMENTS;
        boolean masked = inputs.named(GraphInputs.Kind.MASK).isPresent();
        return new Engine.Limits(
                GPU_WORKERS, documents, budget, !masked, masked ? GPU_LENGTH_STEP : 1);
    }

    private int budget() {
        int usual =
                choice.device().kind() == Device.Kind.CPU_EMULATION
                        ? EMULATED_BATCH_TOKENS
                        : GPU_BATCH_TOKENS;
        return options.batchTokens() > 0 ? options.batchTokens() : usual;
    }

    /** An engine that runs one text at a time, to be given its limits. */
    private OnnxEngine single(Found found, int longest) {
        return isGpu() ? onGpu(found, longest) : onCpu(found);
    }

    /** On a CPU the graph is tuned for its kernels if it then runs. */
    private OnnxEngine onCpu(Found found) {
        ModelProto plain = found.rewritten().model();
        ModelProto tuned =
                ReplaceLayerNormalization.tuned(
                        new GraphIndex(plain),
                        file::data,
                        inputs.named(GraphInputs.Kind.IDS).orElseThrow(),
                        embeddings()
                                .filter(table -> table.getDimsCount() == 2)
                                .map(table -> table.getDims(1))
                                .orElse(0L));
        Optional<OnnxEngine> engine =
                tuned == plain
                        ? Optional.empty()
                        : running(() -> engine(OnnxSession.open(file, tuned), inputs, found));
        return engine.orElseGet(() -> engine(OnnxSession.open(file, plain), inputs, found));
    }

    /** On a GPU attention and normalizations of known forms are fused if the graph then runs. */
    private OnnxEngine onGpu(Found found, int longest) {
        ModelProto plain = found.rewritten().model();
        // TensorRT takes the plain operators, and fuses them itself
        Optional<OnnxEngine> engine =
                choice.device().kind() == Device.Kind.TENSORRT
                        ? Optional.empty()
                        : fused(plain, found, longest);
        return engine.orElseGet(() -> engine(onGpu(plain, longest), inputs, found));
    }

    private Optional<OnnxEngine> fused(ModelProto plain, Found found, int longest) {
        Optional<ModelProto> attention =
                inputs.named(GraphInputs.Kind.MASK)
                        .flatMap(
                                mask ->
                                        FuseAttention.fuse(
                                                new GraphIndex(plain), file::data, mask));
        ModelProto fused = FuseResidualNormalization.merge(new GraphIndex(attention.orElse(plain)));
        GraphInputs given =
                attention.isPresent() ? inputs.withLengths(!precision().equals("fp32")) : inputs;
        return fused == plain
                ? Optional.empty()
                : running(() -> engine(onGpu(fused, longest), given, found));
    }

    private OnnxSession onGpu(ModelProto model, int longest) {
        return OnnxSession.open(
                file,
                model,
                choice.device(),
                Optional.of(
                        new Gpu.Use(
                                inputs.inputs().stream().map(GraphInputs.Input::name).toList(),
                                Math.max(1, budget() / longest),
                                longest,
                                precision().equals("fp16"),
                                ModelStore.cache(options).resolve("tensorrt"),
                                options.deviceMemory())));
    }

    /** An engine if it runs; where it does not, the plain graph says what is wrong, if anything. */
    private Optional<OnnxEngine> running(Supplier<OnnxEngine> opening) {
        OnnxEngine engine;
        try {
            engine = opening.get();
        } catch (ModelException e) {
            return Optional.empty();
        }
        if (new Trial(engine).runs()) {
            return Optional.of(engine);
        }
        engine.close();
        return Optional.empty();
    }

    private OnnxEngine engine(OnnxSession session, GraphInputs given, Found found) {
        return new OnnxEngine(
                session,
                given,
                found.rewritten().output(),
                tokens.vocabularySize(),
                found.columns(),
                tokens.padding(),
                new Engine.Limits(1, 1, 1, true),
                MOST_TOKENS);
    }

    /** A token limit: as asked for, or the model's own, or ours. */
    private int limit(String role, int asked, int own, int usual) {
        int limit = wanted(asked, own, usual);
        int special = tokens.prefix().length + tokens.suffix().length;
        if (limit <= special) {
            throw new ModelException(
                    "the "
                            + role
                            + " token limit "
                            + limit
                            + " leaves no room for text beside the model's "
                            + special
                            + " special tokens; make it at least "
                            + (special + 1));
        }
        if (asked > MOST_TOKENS) {
            throw new ModelException(
                    "the "
                            + role
                            + " token limit "
                            + asked
                            + " is above "
                            + MOST_TOKENS
                            + "; lower it");
        }
        return Math.min(limit, MOST_TOKENS);
    }

    /** A limit that was asked for is kept or refused; one that was not is fitted to the model. */
    private int within(int most, int limit, String role, int asked) {
        if (asked > most) {
            throw new ModelException(
                    "the model "
                            + files.name()
                            + " takes at most "
                            + most
                            + " tokens, but the "
                            + role
                            + " token limit is "
                            + asked
                            + "; lower it");
        }
        return Math.min(limit, most);
    }

    /** The first thing that goes wrong with a tokenizer of another model. */
    private void checkEmbeddings() {
        Optional<TensorProto> table = embeddings();
        if (table.isPresent()
                && table.get().getDimsCount() > 0
                && table.get().getDims(0) < tokens.vocabularySize()) {
            throw new ModelException(
                    files.tokenizer()
                            + " has "
                            + tokens.vocabularySize()
                            + " terms, but "
                            + files.graph()
                            + " has embeddings for "
                            + table.get().getDims(0)
                            + "; use the tokenizer that belongs to the model");
        }
    }

    /**
     * The smallest table that is read by token ids: tables of other things are as long or longer.
     */
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
     * What the graph gives, made ours.
     *
     * @param columns how many terms it has, 0 where it lists pairs
     */
    private record Found(MaxPoolInGraph.Rewritten rewritten, int columns) {}

    private Found find() {
        List<Shape> outputs = new ArrayList<>();
        for (ValueInfoProto output : graph.graph().getOutputList()) {
            outputs.add(shape(output));
        }
        Optional<Found> found = find(outputs);
        if (found.isEmpty() && outputs.stream().anyMatch(OnnxLoader::isVague)) {
            outputs = tried();
            found = find(outputs);
        }
        return found.orElseThrow(this::refused);
    }

    private Optional<Found> find(List<Shape> outputs) {
        Optional<String> indices = named(outputs, "output_idx");
        Optional<String> weights = named(outputs, "output_weights");
        if (indices.isPresent() && weights.isPresent()) {
            return Optional.of(
                    new Found(MaxPoolInGraph.pairs(graph, indices.get(), weights.get()), 0));
        }
        Optional<Shape> logits = fitting(outputs, 3);
        Optional<Shape> finished = fitting(outputs, 2);
        if (finished.isPresent()
                && !logits.map(shape -> shape.name().equals("logits")).orElse(false)) {
            Shape table = finished.get();
            return Optional.of(
                    new SpladeTailMatcher(graph, file::data, inputs)
                            .logits(table.name())
                            .map(name -> maxima(name, columns(table)))
                            .orElseGet(
                                    () ->
                                            new Found(
                                                    MaxPoolInGraph.weights(
                                                            graph, table.name(), topOf()),
                                                    columns(table))));
        }
        return logits.map(shape -> maxima(shape.name(), columns(shape)));
    }

    /** Rows are filled up, so that a mask is needed, on a GPU, or where their length is fixed. */
    private Found maxima(String logits, int columns) {
        Optional<String> mask =
                isGpu() || inputs.fixedTokens() > 0
                        ? inputs.named(GraphInputs.Kind.MASK)
                        : Optional.empty();
        return new Found(MaxPoolInGraph.maxima(graph, file, logits, mask, topOf()), columns);
    }

    private Optional<Integer> topOf() {
        return isGpu() ? Optional.of(tokens.vocabularySize()) : Optional.empty();
    }

    private static Optional<String> named(List<Shape> outputs, String name) {
        return outputs.stream().map(Shape::name).filter(name::equals).findFirst();
    }

    /** The output of so many dimensions that holds a number for each term; "logits" first. */
    private Optional<Shape> fitting(List<Shape> outputs, int dimensions) {
        List<Shape> fitting =
                outputs.stream()
                        .filter(output -> output.sizes().size() == dimensions)
                        .filter(output -> isReal(output.type()))
                        .filter(output -> fits(last(output), tokens.vocabularySize()))
                        .toList();
        return fitting.stream()
                .filter(output -> output.name().equals("logits"))
                .findFirst()
                .or(() -> fitting.stream().findFirst());
    }

    private static boolean isReal(int type) {
        return type == DataType.FLOAT.getNumber()
                || type == DataType.FLOAT16.getNumber()
                || type == DataType.BFLOAT16.getNumber()
                || type == DataType.DOUBLE.getNumber();
    }

    private static long last(Shape output) {
        return output.sizes().isEmpty() ? -1 : output.sizes().get(output.sizes().size() - 1);
    }

    private static int columns(Shape output) {
        return Math.toIntExact(last(output));
    }

    /**
     * Whether a graph of so many terms is for a tokenizer of so many: the same number, or that
     * rounded up to a round one, as vocabularies are padded for the hardware's sake.
     */
    static boolean fits(long columns, int terms) {
        if (columns == terms) {
            return true;
        }
        for (int round = 8; round <= 4096 && round <= terms; round *= 2) {
            if (columns == (terms + round - 1L) / round * round) {
                return true;
            }
        }
        return columns == (terms + 99L) / 100 * 100;
    }

    private static boolean isVague(Shape output) {
        return output.sizes().isEmpty()
                || last(output) < 0 && isReal(output.type())
                || output.type() == DataType.UNDEFINED.getNumber();
    }

    private static Shape shape(ValueInfoProto output) {
        TypeProto.Tensor type = output.getType().getTensorType();
        List<Long> sizes =
                type.getShape().getDimList().stream()
                        .map(
                                size ->
                                        size.getValueCase() == Dimension.ValueCase.DIM_VALUE
                                                ? size.getDimValue()
                                                : -1L)
                        .toList();
        return new Shape(output.getName(), type.getElemType(), sizes);
    }

    /** The outputs' shapes as a run of the graph as it is has them. */
    private List<Shape> tried() {
        int rows = Math.max(1, inputs.fixedBatch());
        int length = inputs.fixedTokens() > 0 ? inputs.fixedTokens() : 5;
        try (OnnxSession session = OnnxSession.open(file, file.model())) {
            Map<String, OnnxTensor> given = new HashMap<>();
            try {
                for (GraphInputs.Input input : inputs.inputs()) {
                    given.put(input.name(), ones(session, input, rows, length));
                }
                try (OrtSession.Result result = session.session().run(given)) {
                    List<Shape> shapes = new ArrayList<>();
                    for (Map.Entry<String, OnnxValue> output : result) {
                        if (output.getValue() instanceof OnnxTensor tensor) {
                            shapes.add(
                                    new Shape(
                                            output.getKey(),
                                            tensor.getInfo().onnxType.value,
                                            Arrays.stream(tensor.getInfo().getShape())
                                                    .boxed()
                                                    .toList()));
                        }
                    }
                    return shapes;
                }
            } finally {
                given.values().forEach(OnnxTensor::close);
            }
        } catch (OrtException e) {
            throw fails(OnnxSession.reason(e), e);
        }
    }

    private static OnnxTensor ones(
            OnnxSession session, GraphInputs.Input input, int rows, int length)
            throws OrtException {
        long[] shape = {rows, length};
        int count = rows * length;
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            numbers[i] =
                    switch (input.kind()) {
                        case IDS, MASK -> 1;
                        case SEGMENTS -> 0;
                        case POSITIONS -> i % length;
                        case LENGTHS, LENGTHS_AND_STARTS -> throw new AssertionError(input);
                    };
        }
        return input.wide()
                ? OnnxTensor.createTensor(
                        session.environment(),
                        LongBuffer.wrap(Arrays.stream(numbers).asLongStream().toArray()),
                        shape)
                : OnnxTensor.createTensor(session.environment(), IntBuffer.wrap(numbers), shape);
    }

    private ModelException refused() {
        return new ModelException(
                files.graph()
                        + " gives no weights for the "
                        + tokens.vocabularySize()
                        + " terms of "
                        + files.tokenizer().getFileName()
                        + ": it has "
                        + GraphInputs.describe(graph)
                        + "; a masked language model (float logits [batch, tokens, vocabulary]) with"
                        + " its own tokenizer is needed");
    }

    private ModelException fails(String reason, Throwable cause) {
        return new ModelException(
                files.graph() + " cannot be run with " + files.tokenizer() + ": " + reason, cause);
    }

    private boolean hasAny(Set<String> operators) {
        boolean[] found = {false};
        graph.forEachNode(node -> found[0] |= operators.contains(node.getOpType()));
        return found[0];
    }

    /** The arithmetic of its products: that which most of the weights are kept for. */
    private String precision() {
        if (hasAny(INTEGER_PRODUCTS)) {
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

    /** Runs of made-up texts. */
    private final class Trial {

        private final OnnxEngine engine;

        Trial(OnnxEngine engine) {
            this.engine = engine;
        }

        /** One token of text: the highest id, which a smaller embedding table lacks. */
        void shortest() {
            int special = tokens.prefix().length + tokens.suffix().length;
            try {
                engine.run(List.of(text(special + 1, i -> tokens.vocabularySize() - 1)));
            } catch (EncodingException e) {
                // not a finite number, for a text of no sense: real ones may do better
                return;
            } catch (RuntimeException e) {
                throw fails(e.getMessage(), e);
            }
        }

        /** The greatest number of tokens up to the one wanted that the model takes. */
        int most(int wanted) {
            if (inputs.fixedTokens() > 0) {
                return inputs.fixedTokens();
            }
            int taken = tokens.prefix().length + tokens.suffix().length + 1;
            int refused = wanted + 1;
            // in steps that double, so that a limit far too large does not take all memory at once
            for (int tried = Math.min(wanted, 512);
                    taken < wanted;
                    tried = Math.min(wanted, 2 * tried)) {
                if (!takes(tried)) {
                    refused = tried;
                    break;
                }
                taken = tried;
            }
            while (refused - taken > 1) {
                int middle = (taken + refused) >>> 1;
                if (takes(middle)) {
                    taken = middle;
                } else {
                    refused = middle;
                }
            }
            return taken;
        }

        /** Whether texts of some lengths run, be their vectors what they may. */
        boolean runs() {
            int special = tokens.prefix().length + tokens.suffix().length;
            return takes(special + 1) && takes(special + 2);
        }

        private boolean takes(int length) {
            try {
                engine.run(List.of(text(length, this::some)));
                return true;
            } catch (EncodingException e) {
                return true;
            } catch (RuntimeException e) {
                return false;
            }
        }

        /** Whether texts have the same vectors alone and in a batch. */
        boolean sameInBatches(OnnxEngine batched, int most) {
            boolean padded = !batched.limits().equalLengths();
            for (int length : new int[] {5, 8}) {
                int size = Math.min(most, length);
                List<TokenSequence> texts =
                        List.of(
                                text(size, this::some),
                                text(
                                        padded ? Math.min(most, 3 * length) : size,
                                        i -> some(i + 100)),
                                text(size, i -> some(i + 200)));
                try {
                    List<SparseVector> together = batched.run(texts);
                    List<SparseVector> alone = new ArrayList<>();
                    for (TokenSequence text : texts) {
                        alone.addAll(engine.run(List.of(text)));
                    }
                    if (padded ? !close(together, alone) : !together.equals(alone)) {
                        return false;
                    }
                } catch (RuntimeException e) {
                    return false;
                }
            }
            return true;
        }

        private static boolean close(List<SparseVector> ones, List<SparseVector> others) {
            for (int i = 0; i < ones.size(); i++) {
                Map<Integer, Float> weights = new HashMap<>();
                SparseVector one = ones.get(i);
                SparseVector other = others.get(i);
                for (int j = 0; j < one.size(); j++) {
                    weights.merge(one.indices()[j], one.values()[j], Float::sum);
                }
                for (int j = 0; j < other.size(); j++) {
                    weights.merge(other.indices()[j], -other.values()[j], Float::sum);
                }
                if (weights.values().stream().anyMatch(w -> Math.abs(w) > GPU_TOLERANCE)) {
                    return false;
                }
            }
            return true;
        }

        /** Runs full batches of the lengths to come, the largest first: memory is taken once. */
        void warmUp(Engine whole, int most) {
            Engine.Limits limits = whole.limits();
            int steps = Math.max(1, most / limits.lengthStep());
            int shortest = tokens.prefix().length + tokens.suffix().length + 1;
            for (int i = Math.min(steps, MOST_WARM_UPS); i > 0; i--) {
                int length = Math.max(shortest, most * i / Math.min(steps, MOST_WARM_UPS));
                int rows = Math.min(limits.maxDocuments(), limits.maxTokens() / length);
                try {
                    whole.run(Collections.nCopies(Math.max(1, rows), text(length, this::some)));
                } catch (EncodingException e) {
                    // not a finite number, for a text of no sense: real ones may do better
                    continue;
                } catch (DeviceMemoryException e) {
                    throw new ModelException(
                            choice.device()
                                    + " has not enough memory for one text of "
                                    + length
                                    + " tokens beside the weights of "
                                    + files.name()
                                    + "; give it more, or lower the token limit ("
                                    + e.getMessage()
                                    + ")",
                            e);
                }
            }
        }

        private int some(int i) {
            int terms = tokens.vocabularySize();
            int id = Math.floorMod(i * 7919 + terms / 2, terms);
            return id == tokens.padding() ? terms - 1 : id;
        }

        private TokenSequence text(int length, IntUnaryOperator content) {
            int[] ids = new int[length];
            for (int i = 0; i < length; i++) {
                int fromEnd = length - i;
                ids[i] =
                        i < tokens.prefix().length
                                ? tokens.prefix()[i]
                                : fromEnd <= tokens.suffix().length
                                        ? tokens.suffix()[tokens.suffix().length - fromEnd]
                                        : content.applyAsInt(i);
            }
            return new TokenSequence(ids, length, false);
        }
    }
}
