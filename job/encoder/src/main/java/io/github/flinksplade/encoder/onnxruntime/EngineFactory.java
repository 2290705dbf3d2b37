package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelMetadata;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.encoder.engine.DeviceMemoryException;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.engine.MemoryBudget;
import io.github.flinksplade.encoder.graph.FuseAttention;
import io.github.flinksplade.encoder.graph.FuseResidualNormalization;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.GraphInputs;
import io.github.flinksplade.encoder.graph.ReplaceLayerNormalization;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;
import io.github.flinksplade.encoder.tokenizer.TokenizerFile;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Opens a model: reads its tokenizer and its graph, rewrites the graph for the device, and checks
 * the resulting engine.
 */
public final class EngineFactory {

    /**
     * Measured: larger batches are no faster on one core, while six tokens unbatched take two and a
     * half times as long as batched.
     */
    private static final int CPU_BATCH_TOKENS = 256;

    private static final int CPU_BATCH_DOCUMENTS = 32;

    /** About what saturates a GPU's matrix units: a hundred texts of 128 tokens. */
    private static final int GPU_BATCH_TOKENS = 1 << 14;

    private static final int EMULATED_BATCH_TOKENS = 1 << 9;

    private static final int GPU_BATCH_DOCUMENTS = 1024;

    /** A GPU's matrix units require sizes that are multiples of this. */
    private static final int GPU_LENGTH_STEP = 8;

    /** One batch is copied back and another prepared while a third is computed. */
    private static final int GPU_WORKERS = 3;

    private final ModelFiles files;
    private final EncoderOptions options;
    private final Set<Role> roles;
    private final Path tensorRtCache;
    private final GraphConfig config;
    private final ModelSignature signature;
    private final ModelTokenizer tokenizer;
    private final Gpu.Choice choice;

    /**
     * An open model. Its owner closes the engine and the tokenizer.
     *
     * @param architecture for display; empty if unknown
     * @param precision see {@code ModelInfo}
     * @param device see {@code ModelInfo}
     * @param graph see {@code ModelInfo}
     * @param tokens the token limit of each role for which it is open
     */
    public record OpenModel(
            String architecture,
            String precision,
            String device,
            String graph,
            Map<Role, Integer> tokens,
            Tokenizer tokenizer,
            Engine engine) {}

    private EngineFactory(
            ModelFiles files,
            Path graph,
            EncoderOptions options,
            Set<Role> roles,
            Path cache,
            TokenizerFile tokenizer,
            Consumer<String> warnings) {
        this.files = files;
        this.options = options;
        this.roles = roles;
        this.tensorRtCache = cache.resolve("tensorrt");
        this.config = GraphConfig.of(files.graph());
        this.signature = ModelSignature.read(files.withGraph(graph), config);
        boolean isInt8 = signature.hasIntegerMatMuls();
        this.choice = Gpu.choose(options.device(), isInt8);
        if (isInt8 && onGpu()) {
            throw new ModelException("int8 models run on CPUs only; on a GPU use --precision fp16");
        }
        TokenizerFile known = signature.withEmbeddings(tokenizer);
        known.warnings().forEach(warnings);
        if (signature.inputs().named(GraphInputs.Kind.POSITIONS).isPresent()
                && !config.hasKnownPositions()) {
            warnings.accept(
                    files.graph()
                            + " has the input position_ids, and its "
                            + (config.architecture().isEmpty()
                                    ? "config.json is missing or has no model_type"
                                    : "config.json is of the unknown type " + config.architecture())
                            + "; positions are counted from 0, which is wrong for models like"
                            + " RoBERTa");
        }
        this.tokenizer = ModelTokenizer.open(known);
    }

    /**
     * Opens only the tokenizer of documents, without reducing the token limit to what the graph
     * supports.
     *
     * @throws ModelException if it cannot be used
     */
    public static Tokenizer openTokenizer(ModelFiles files, EncoderOptions options) {
        return ModelTokenizer.open(TokenizerFile.read(files.tokenizer()))
                .forRoles(
                        TokenLimits.requested(options, files, Set.of(Role.DOCUMENT)).limits(),
                        files.metadata());
    }

    /** The token limit of a role before it is reduced to what the graph supports. */
    public static int requestedTokens(EncoderOptions options, ModelFiles files, Role role) {
        return TokenLimits.requested(options, files, role);
    }

    /** The token limit of queries that need no inference: the configured one, or none. */
    public static int lookupTokens(EncoderOptions options, ModelFiles files) {
        return options.queryTokens() > 0 || files.queryTokens() > 0
                ? Math.min(TokenLimits.MAX, TokenLimits.requested(options, files, Role.QUERY))
                : TokenLimits.MAX;
    }

    /**
     * Opens a model.
     *
     * @param graph the graph of the files, or one in another precision
     * @param roles the roles that will be encoded
     * @param cache the cache directory, for what TensorRT builds
     * @param tokenizer the tokenizer of the files
     * @param warnings receives sentences for the user
     * @throws ModelException if it cannot be used; the message is for the user
     */
    public static OpenModel open(
            ModelFiles files,
            Path graph,
            EncoderOptions options,
            Set<Role> roles,
            Path cache,
            TokenizerFile tokenizer,
            Consumer<String> warnings) {
        EngineFactory factory =
                new EngineFactory(files, graph, options, roles, cache, tokenizer, warnings);
        try {
            return factory.open();
        } catch (RuntimeException | Error e) {
            factory.tokenizer.close();
            throw e;
        }
    }

    private boolean onGpu() {
        return choice.device().kind() != Device.Kind.CPU;
    }

    private OpenModel open() {
        ModelMetadata metadata = files.metadata();
        TokenLimits limits =
                TokenLimits.requested(options, files, roles)
                        .validated(options, tokenizer, metadata.prompts());
        ModelSignature.Pooled pooled = signature.pool(tokenizer.vocabularySize(), onGpu());
        OnnxEngine unbatched = onGpu() ? gpuEngine(pooled, limits.max()) : cpuEngine(pooled);
        try {
            EngineProbe probe = new EngineProbe(unbatched, tokenizer);
            try {
                probe.runHighestToken();
            } catch (RuntimeException e) {
                throw signature.failure(e.getMessage(), e);
            }
            int fixedTokens = signature.inputs().fixedTokens();
            int maxTokens = fixedTokens > 0 ? fixedTokens : probe.maxTokens(limits.max());
            limits = limits.reducedTo(maxTokens, options, files.name());
            Engine.Limits batches = onGpu() ? gpuLimits(maxTokens) : cpuLimits();
            boolean isBatched =
                    !requiresUnbatched(pooled)
                            && probe.isBatchInvariant(
                                    unbatched.withLimits(batches, maxTokens), maxTokens);
            Engine engine =
                    unbatched.withLimits(
                            isBatched
                                    ? batches
                                    : new Engine.Limits(
                                            batches.workers(), 1, CPU_BATCH_TOKENS, true),
                            maxTokens);
            if (onGpu()) {
                engine = new MemoryBudget(engine, maxTokens);
                probe.warmUp(engine, maxTokens, this::noMemory);
            }
            String graph =
                    pooled.graph().summary()
                            + "; opset "
                            + signature.operatorSet()
                            + (unbatched.hasLengthInput() ? "; fused attention" : "")
                            + (isBatched ? "" : "; unbatched");
            return new OpenModel(
                    config.architecture(),
                    signature.precision(),
                    choice.device() + (choice.note().isEmpty() ? "" : " (" + choice.note() + ")"),
                    graph,
                    limits.limits(),
                    tokenizer.forRoles(limits.limits(), metadata),
                    engine);
        } catch (RuntimeException | Error e) {
            unbatched.close();
            throw e;
        }
    }

    private boolean requiresUnbatched(ModelSignature.Pooled pooled) {
        boolean isOutputUnbatched =
                switch (pooled.graph().output().kind()) {
                    case PAIRS -> true;
                    // how they are computed is unknown, and on a CPU they must be bit-identical
                    case WEIGHTS -> !onGpu();
                    case MAX_LOGITS, TOKEN_WEIGHTS -> false;
                };
        return isOutputUnbatched || signature.requiresUnbatched();
    }

    private ModelException noMemory(int tokens, DeviceMemoryException e) {
        return new ModelException(
                choice.device()
                        + " does not have enough memory for one text of "
                        + tokens
                        + " tokens next to the weights of "
                        + files.name()
                        + "; allow more memory, or lower the token limit ("
                        + e.getMessage()
                        + ")",
                e);
    }

    private Engine.Limits cpuLimits() {
        int workers =
                options.threads() > 0
                        ? options.threads()
                        : Runtime.getRuntime().availableProcessors();
        return new Engine.Limits(workers, CPU_BATCH_DOCUMENTS, CPU_BATCH_TOKENS, true);
    }

    private Engine.Limits gpuLimits(int maxTokens) {
        int batchTokens = gpuBatchTokens();
        // TensorRT builds an engine for the largest batch in both dimensions
        int documents =
                choice.device().kind() == Device.Kind.TENSORRT
                        ? Math.max(1, batchTokens / maxTokens)
                        : GPU_BATCH_DOCUMENTS;
        boolean hasMask = signature.inputs().named(GraphInputs.Kind.MASK).isPresent();
        return new Engine.Limits(
                GPU_WORKERS, documents, batchTokens, !hasMask, hasMask ? GPU_LENGTH_STEP : 1);
    }

    private int gpuBatchTokens() {
        int defaultTokens =
                choice.device().kind() == Device.Kind.CPU_EMULATION
                        ? EMULATED_BATCH_TOKENS
                        : GPU_BATCH_TOKENS;
        return options.batchTokens() > 0 ? options.batchTokens() : defaultTokens;
    }

    /** Rewrites the graph for ONNX Runtime's CPU kernels, if the result runs. */
    private OnnxEngine cpuEngine(ModelSignature.Pooled pooled) {
        ModelProto plain = pooled.graph().model();
        ModelProto tuned =
                ReplaceLayerNormalization.apply(
                        new GraphIndex(plain),
                        signature.file()::data,
                        signature.inputs().named(GraphInputs.Kind.IDS).orElseThrow(),
                        signature.embeddingWidth());
        Optional<OnnxEngine> engine =
                tuned == plain
                        ? Optional.empty()
                        : ifRuns(() -> engine(cpuSession(tuned), signature.inputs(), pooled));
        return engine.orElseGet(() -> engine(cpuSession(plain), signature.inputs(), pooled));
    }

    private OnnxSession cpuSession(ModelProto model) {
        return OnnxSession.open(signature.file(), model);
    }

    /** Fuses attention and normalizations, if the result runs; TensorRT fuses them itself. */
    private OnnxEngine gpuEngine(ModelSignature.Pooled pooled, int maxTokens) {
        Optional<OnnxEngine> engine =
                choice.device().kind() == Device.Kind.TENSORRT
                        ? Optional.empty()
                        : fusedEngine(pooled, maxTokens);
        return engine.orElseGet(
                () ->
                        engine(
                                gpuSession(pooled.graph().model(), maxTokens),
                                signature.inputs(),
                                pooled));
    }

    private Optional<OnnxEngine> fusedEngine(ModelSignature.Pooled pooled, int maxTokens) {
        ModelProto plain = pooled.graph().model();
        GraphInputs inputs = signature.inputs();
        Optional<ModelProto> attention =
                inputs.named(GraphInputs.Kind.MASK)
                        .flatMap(
                                mask ->
                                        FuseAttention.apply(
                                                new GraphIndex(plain),
                                                signature.file()::data,
                                                mask));
        ModelProto fused = FuseResidualNormalization.apply(new GraphIndex(attention.orElse(plain)));
        GraphInputs fusedInputs =
                attention.isPresent()
                        ? inputs.withLengths(!signature.precision().equals("fp32"))
                        : inputs;
        return fused == plain
                ? Optional.empty()
                : ifRuns(() -> engine(gpuSession(fused, maxTokens), fusedInputs, pooled));
    }

    private OnnxSession gpuSession(ModelProto model, int maxTokens) {
        return OnnxSession.open(
                signature.file(),
                model,
                choice.device(),
                Optional.of(
                        new Gpu.Settings(
                                signature.inputs().inputs().stream()
                                        .map(GraphInputs.Input::name)
                                        .toList(),
                                Math.max(1, gpuBatchTokens() / maxTokens),
                                maxTokens,
                                signature.precision().equals("fp16"),
                                tensorRtCache,
                                options.deviceMemory())));
    }

    /** An engine if it runs; if not, the unchanged graph shows the error, if there is one. */
    private Optional<OnnxEngine> ifRuns(Supplier<OnnxEngine> opening) {
        OnnxEngine engine;
        try {
            engine = opening.get();
        } catch (ModelException e) {
            return Optional.empty();
        }
        if (new EngineProbe(engine, tokenizer).runs()) {
            return Optional.of(engine);
        }
        engine.close();
        return Optional.empty();
    }

    private OnnxEngine engine(
            OnnxSession session, GraphInputs inputs, ModelSignature.Pooled pooled) {
        OptionalInt positionOfPadding = config.positionOfPadding();
        return new OnnxEngine(
                session,
                inputs,
                pooled.graph().output(),
                tokenizer.vocabularySize(),
                pooled.columns(),
                config.padding().orElse(positionOfPadding.orElse(tokenizer.padding())),
                positionOfPadding,
                files.metadata().formula(),
                files.metadata().formula().withoutSpecialTerms()
                        ? tokenizer.specialTerms()
                        : new BitSet(),
                new Engine.Limits(1, 1, 1, true),
                TokenLimits.MAX);
    }
}
