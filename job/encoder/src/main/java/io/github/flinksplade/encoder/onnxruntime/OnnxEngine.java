package io.github.flinksplade.encoder.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.engine.DeviceMemoryException;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.graph.FuseAttention;
import io.github.flinksplade.encoder.graph.GraphInputs;
import io.github.flinksplade.encoder.graph.GraphOutput;
import io.github.flinksplade.vector.SparseVector;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Runs a rewritten graph. On a CPU all texts of a batch have the same length, so that nothing is
 * padded and vectors are bit-identical whatever the batch; a graph that does not guarantee this, or
 * requires a fixed batch size, runs one text at a time. On a GPU texts of different lengths share a
 * batch, padded to a few lengths, and if the graph selects each text's largest values, only those
 * are copied back and not the whole table.
 */
final class OnnxEngine implements Engine {

    /** Max rows of the whole table in memory: each has a value for every term. */
    private static final int MAX_TABLE_ROWS = 64;

    private final OnnxSession session;
    private final GraphInputs inputs;
    private final GraphOutput output;
    private final int vocabulary;
    private final int columns;
    private final int padding;
    private final OptionalInt positionOfPadding;
    private final Formula formula;
    private final BitSet excluded;
    private final Limits limits;
    private final int maxTokens;
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private final ConcurrentLinkedQueue<Workspace> workspaces = new ConcurrentLinkedQueue<>();
    private final LongAdder modelNanos = new LongAdder();
    private boolean closed; // guarded by open

    /** Whether the next run releases the device memory that is reserved for further runs. */
    private volatile boolean releaseMemory;

    /**
     * @param vocabulary number of terms of the tokenizer; columns beyond it are padding
     * @param columns number of columns of the graph's table; 0 if it has none
     * @param padding the padding token's id
     * @param positionOfPadding see {@link GraphConfig#positionOfPadding}
     * @param formula how the values of {@link GraphOutput.Kind#MAX_LOGITS} become weights
     * @param excluded terms that no vector contains
     * @param maxTokens max sequence length, to which padding is limited
     */
    OnnxEngine(
            OnnxSession session,
            GraphInputs inputs,
            GraphOutput output,
            int vocabulary,
            int columns,
            int padding,
            OptionalInt positionOfPadding,
            Formula formula,
            BitSet excluded,
            Limits limits,
            int maxTokens) {
        this.session = session;
        this.inputs = inputs;
        this.output = output;
        this.vocabulary = vocabulary;
        this.columns = columns;
        this.padding = padding;
        this.positionOfPadding = positionOfPadding;
        this.formula = formula;
        this.excluded = excluded;
        this.limits = limits;
        this.maxTokens = maxTokens;
    }

    /** Transfers the session to an engine with other limits; this one must not be closed then. */
    OnnxEngine withLimits(Limits other, int max) {
        return new OnnxEngine(
                session,
                inputs,
                output,
                vocabulary,
                columns,
                padding,
                positionOfPadding,
                formula,
                excluded,
                other,
                max);
    }

    /** Whether the graph has the sequence lengths as an input. */
    boolean hasLengthInput() {
        return inputs.named(GraphInputs.Kind.LENGTHS)
                .or(() -> inputs.named(GraphInputs.Kind.LENGTHS_AND_STARTS))
                .isPresent();
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public long modelNanos() {
        return modelNanos.sum();
    }

    @Override
    public List<SparseVector> run(List<TokenSequence> batch) {
        open.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the encoder is closed");
            }
            if (batch.isEmpty()) {
                return List.of();
            }
            return limits.equalLengths() ? runEqualLengths(batch) : runPadded(batch);
        } finally {
            open.readLock().unlock();
        }
    }

    private List<SparseVector> runEqualLengths(List<TokenSequence> batch) {
        int length = batch.get(0).ids().length;
        // a matrix of one row is multiplied by other kernels, so one-token texts run unbatched
        if (limits.maxDocuments() == 1 || length == 1) {
            List<SparseVector> vectors = new ArrayList<>(batch.size());
            for (TokenSequence tokens : batch) {
                vectors.addAll(runRows(List.of(tokens), tokens.ids().length));
            }
            return vectors;
        }
        for (TokenSequence tokens : batch) {
            if (tokens.ids().length != length) {
                throw new IllegalArgumentException(
                        "all texts of a batch must have one length, not "
                                + length
                                + " and "
                                + tokens.ids().length
                                + " tokens");
            }
        }
        return runRows(batch, length);
    }

    private int paddedLength(int longest) {
        return Math.max(longest, Math.min(maxTokens, limits.padded(longest)));
    }

    /** Texts without tokens are not run, because only padding would yield NaN. */
    private List<SparseVector> runPadded(List<TokenSequence> batch) {
        List<TokenSequence> present = batch.stream().filter(text -> text.ids().length > 0).toList();
        int longest = present.stream().mapToInt(text -> text.ids().length).max().orElse(0);
        Iterator<SparseVector> vectors =
                present.isEmpty()
                        ? Collections.emptyIterator()
                        : runRows(present, paddedLength(longest)).iterator();
        return batch.stream()
                .map(text -> text.ids().length > 0 ? vectors.next() : SparseVector.EMPTY)
                .toList();
    }

    private List<SparseVector> runRows(List<TokenSequence> texts, int length) {
        if (length == 0) {
            return texts.stream().map(text -> SparseVector.EMPTY).toList();
        }
        Workspace workspace = workspaces.poll();
        if (workspace == null) {
            workspace = new Workspace();
        }
        try {
            return workspace.run(texts, length);
        } catch (OrtException e) {
            String reason = OnnxSession.reason(e);
            if (!session.isOnCpu() && GpuErrors.isOutOfMemory(OnnxSession.message(e))) {
                releaseMemory = true;
                throw new DeviceMemoryException(
                        "the device does not have enough memory for "
                                + texts.size()
                                + " texts of "
                                + length
                                + " tokens: "
                                + reason,
                        e);
            }
            throw new IllegalStateException("the model fails: " + reason, e);
        } finally {
            workspaces.add(workspace);
        }
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                workspaces.clear();
                session.close();
            }
        } finally {
            open.writeLock().unlock();
        }
    }

    /** Runs the graph with input tensors. */
    private interface Run {
        List<SparseVector> on(Map<String, OnnxTensor> tensors) throws OrtException;
    }

    /** The buffers of one run at a time, which the next run reuses. */
    private final class Workspace {

        private final Map<String, ByteBuffer> buffers = new HashMap<>();
        private int[] indices = new int[256];
        private float[] values = new float[256];

        List<SparseVector> run(List<TokenSequence> texts, int length) throws OrtException {
            int rows = inputs.fixedBatch() > 0 ? inputs.fixedBatch() : texts.size();
            int tokens = inputs.fixedTokens() > 0 ? inputs.fixedTokens() : length;
            if (length > tokens) {
                throw new EncodingException(
                        "the model supports " + tokens + " tokens, but the text has " + length);
            }
            return output.topTerms().isPresent()
                    ? topTerms(texts, rows, tokens, output.topTerms().get())
                    : withInputs(
                            texts,
                            rows,
                            tokens,
                            given ->
                                    switch (output.kind()) {
                                        case PAIRS -> List.of(pairs(given));
                                        case TOKEN_WEIGHTS -> tokenWeights(given, texts, tokens);
                                        case MAX_LOGITS, WEIGHTS ->
                                                table(given, texts.size(), rows);
                                    });
        }

        private List<SparseVector> withInputs(
                List<TokenSequence> texts, int rows, int tokens, Run run) throws OrtException {
            Map<String, OnnxTensor> given = new HashMap<>();
            try {
                for (GraphInputs.Input input : inputs.inputs()) {
                    given.put(input.name(), tensor(input, texts, rows, tokens));
                }
                return run.on(given);
            } finally {
                given.values().forEach(OnnxTensor::close);
            }
        }

        /** The tensor of an input; a fixed batch size is padded with copies of the last text. */
        private OnnxTensor tensor(
                GraphInputs.Input input, List<TokenSequence> texts, int rows, int tokens)
                throws OrtException {
            if (input.kind() == GraphInputs.Kind.LENGTHS) {
                return lengths(texts, rows);
            }
            if (input.kind() == GraphInputs.Kind.LENGTHS_AND_STARTS) {
                return lengthsAndStarts(texts, rows, tokens);
            }
            int count = Math.multiplyExact(rows, tokens);
            ByteBuffer buffer =
                    buffer(input.name(), Math.multiplyExact(count, input.isInt64() ? 8 : 4));
            LongBuffer wide = buffer.asLongBuffer();
            IntBuffer narrow = buffer.asIntBuffer();
            for (int row = 0, i = 0; row < rows; row++) {
                int[] ids = texts.get(Math.min(row, texts.size() - 1)).ids();
                int next = positionOfPadding.orElse(-1) + 1;
                for (int token = 0; token < tokens; token++, i++) {
                    boolean present = token < ids.length;
                    int id = present ? ids[token] : padding;
                    int number =
                            switch (input.kind()) {
                                case IDS -> id;
                                case MASK -> present ? 1 : 0;
                                case SEGMENTS -> 0;
                                case POSITIONS ->
                                        positionOfPadding.equals(OptionalInt.of(id)) ? id : next++;
                                case LENGTHS, LENGTHS_AND_STARTS -> throw new AssertionError(input);
                            };
                    if (input.isInt64()) {
                        wide.put(i, number);
                    } else {
                        narrow.put(i, number);
                    }
                }
            }
            long[] shape = {rows, tokens};
            return input.isInt64()
                    ? OnnxTensor.createTensor(session.environment(), wide, shape)
                    : OnnxTensor.createTensor(session.environment(), narrow, shape);
        }

        private OnnxTensor lengths(List<TokenSequence> texts, int rows) throws OrtException {
            return tensor(lengths(texts, rows, rows), rows);
        }

        private OnnxTensor lengthsAndStarts(List<TokenSequence> texts, int rows, int tokens)
                throws OrtException {
            int count = 3 * rows + 2;
            IntBuffer numbers = lengths(texts, rows, count);
            for (int i = 0; i <= rows; i++) {
                numbers.put(rows + i, i * tokens);
                numbers.put(2 * rows + 1 + i, i * tokens);
            }
            return tensor(numbers, count);
        }

        /** A buffer for {@code count} numbers that starts with the sequence lengths. */
        private IntBuffer lengths(List<TokenSequence> texts, int rows, int count) {
            IntBuffer numbers = buffer(FuseAttention.LENGTHS, 4 * count).asIntBuffer();
            for (int row = 0; row < rows; row++) {
                numbers.put(row, texts.get(Math.min(row, texts.size() - 1)).ids().length);
            }
            return numbers;
        }

        private OnnxTensor tensor(IntBuffer numbers, int count) throws OrtException {
            return OnnxTensor.createTensor(session.environment(), numbers, new long[] {count});
        }

        private List<SparseVector> table(Map<String, OnnxTensor> given, int texts, int rows)
                throws OrtException {
            int count = Math.multiplyExact(rows, columns);
            FloatBuffer table = buffer(output.name(), Math.multiplyExact(count, 4)).asFloatBuffer();
            try (OnnxTensor pinned =
                    OnnxTensor.createTensor(
                            session.environment(), table, new long[] {rows, columns})) {
                run(given, Set.of(), Map.of(output.name(), pinned)).close();
                List<SparseVector> vectors = new ArrayList<>(texts);
                for (int row = 0; row < texts; row++) {
                    vectors.add(vector(table, row * columns));
                }
                return vectors;
            }
        }

        private OrtSession.Result run(
                Map<String, OnnxTensor> given,
                Set<String> requested,
                Map<String, OnnxTensor> pinned)
                throws OrtException {
            long start = System.nanoTime();
            try {
                return releaseMemory
                        ? runAndRelease(given, requested, pinned)
                        : session.session().run(given, requested, pinned);
            } finally {
                modelNanos.add(System.nanoTime() - start);
            }
        }

        private OrtSession.Result runAndRelease(
                Map<String, OnnxTensor> given,
                Set<String> requested,
                Map<String, OnnxTensor> pinned)
                throws OrtException {
            releaseMemory = false;
            try (OrtSession.RunOptions options = new OrtSession.RunOptions()) {
                session.releaseMemoryAfter(options);
                return session.session().run(given, requested, pinned, options);
            }
        }

        /**
         * The vectors from the selected largest values. Texts with more terms are run again, a few
         * at a time, and their whole rows are copied back.
         */
        private List<SparseVector> topTerms(
                List<TokenSequence> texts, int rows, int tokens, GraphOutput.TopTerms top)
                throws OrtException {
            List<Integer> longer = new ArrayList<>();
            List<SparseVector> vectors =
                    withInputs(
                            texts,
                            rows,
                            tokens,
                            given -> topTerms(given, texts.size(), top, longer));
            for (int start = 0; start < longer.size(); start += MAX_TABLE_ROWS) {
                List<Integer> part =
                        longer.subList(start, Math.min(longer.size(), start + MAX_TABLE_ROWS));
                List<TokenSequence> partTexts = part.stream().map(texts::get).toList();
                int partRows = inputs.fixedBatch() > 0 ? rows : part.size();
                List<SparseVector> whole =
                        withInputs(
                                partTexts,
                                partRows,
                                tokens,
                                given -> table(given, part.size(), partRows));
                for (int i = 0; i < part.size(); i++) {
                    vectors.set(part.get(i), whole.get(i));
                }
            }
            return vectors;
        }

        /**
         * @param longer receives the indices of texts with more terms, whose vectors are empty
         */
        private List<SparseVector> topTerms(
                Map<String, OnnxTensor> given,
                int texts,
                GraphOutput.TopTerms top,
                List<Integer> longer)
                throws OrtException {
            List<SparseVector> vectors = new ArrayList<>(texts);
            try (OrtSession.Result result =
                    run(given, Set.of(top.terms(), top.values(), top.count()), Map.of())) {
                FloatBuffer counts = floats(result, top.count());
                FloatBuffer numbers = floats(result, top.values());
                IntBuffer terms =
                        ((OnnxTensor) result.get(top.terms()).orElseThrow()).getIntBuffer();
                for (int row = 0; row < texts; row++) {
                    if (counts.get(row) <= top.max()) {
                        vectors.add(vector(terms, numbers, row * top.max(), top.max()));
                    } else {
                        longer.add(row);
                        vectors.add(SparseVector.EMPTY);
                    }
                }
            }
            return vectors;
        }

        private FloatBuffer floats(OrtSession.Result result, String name) {
            return ((OnnxTensor) result.get(name).orElseThrow()).getFloatBuffer();
        }

        private SparseVector vector(IntBuffer terms, FloatBuffer numbers, int start, int max) {
            long[] packed = new long[max];
            int size = 0;
            for (int i = start; i < start + max; i++) {
                float value = numbers.get(i);
                if (value > 0) {
                    float weight = weight(terms.get(i), value);
                    // the term in the high bits, so that sorting orders by term
                    packed[size++] = (long) terms.get(i) << 32 | Float.floatToIntBits(weight);
                }
            }
            Arrays.sort(packed, 0, size);
            int[] ids = new int[size];
            float[] weights = new float[size];
            int kept = 0;
            for (int i = 0; i < size; i++) {
                float weight = Float.intBitsToFloat((int) packed[i]);
                if (weight > 0) {
                    ids[kept] = (int) (packed[i] >>> 32);
                    weights[kept++] = weight;
                }
            }
            return kept == 0
                    ? SparseVector.EMPTY
                    : new SparseVector(Arrays.copyOf(ids, kept), Arrays.copyOf(weights, kept));
        }

        private SparseVector vector(FloatBuffer table, int start) {
            int size = 0;
            for (int term = 0; term < vocabulary; term++) {
                float number = table.get(start + term);
                if (number <= 0) {
                    continue;
                }
                float weight = weight(term, number);
                if (weight > 0) {
                    if (size == indices.length) {
                        indices = Arrays.copyOf(indices, 2 * size);
                        values = Arrays.copyOf(values, 2 * size);
                    }
                    indices[size] = term;
                    values[size++] = weight;
                }
            }
            return size == 0
                    ? SparseVector.EMPTY
                    : new SparseVector(Arrays.copyOf(indices, size), Arrays.copyOf(values, size));
        }

        private List<SparseVector> tokenWeights(
                Map<String, OnnxTensor> given, List<TokenSequence> texts, int tokens)
                throws OrtException {
            try (OrtSession.Result result = run(given, Set.of(output.name()), Map.of())) {
                FloatBuffer weights = floats(result, output.name());
                List<SparseVector> vectors = new ArrayList<>(texts.size());
                for (int row = 0; row < texts.size(); row++) {
                    int[] ids = texts.get(row).ids();
                    TreeMap<Integer, Float> largest = new TreeMap<>();
                    for (int token = 0; token < ids.length; token++) {
                        float weight = weight(ids[token], weights.get(row * tokens + token));
                        if (weight > 0) {
                            largest.merge(ids[token], weight, Math::max);
                        }
                    }
                    vectors.add(vector(largest));
                }
                return vectors;
            }
        }

        private SparseVector pairs(Map<String, OnnxTensor> given) throws OrtException {
            try (OrtSession.Result result =
                    run(given, session.session().getOutputNames(), Map.of())) {
                long[] terms = numbers(result.get(output.indicesName()).orElseThrow());
                FloatBuffer weights =
                        ((OnnxTensor) result.get(output.name()).orElseThrow()).getFloatBuffer();
                if (weights.remaining() != terms.length) {
                    throw new EncodingException(
                            "the model returns "
                                    + terms.length
                                    + " terms but "
                                    + weights.remaining()
                                    + " weights");
                }
                int[] ids = new int[terms.length];
                float[] found = new float[terms.length];
                int count = 0;
                boolean ascending = true;
                for (int i = 0; i < terms.length; i++) {
                    float weight = weights.get(i);
                    if (weight <= 0) {
                        continue;
                    }
                    if (terms[i] < 0 || terms[i] >= vocabulary) {
                        throw new EncodingException(
                                "the model returns a weight for the term "
                                        + terms[i]
                                        + ", but the tokenizer has only "
                                        + vocabulary
                                        + " terms");
                    }
                    ascending &= count == 0 || terms[i] > ids[count - 1];
                    float included = weight((int) terms[i], weight);
                    if (included > 0) {
                        ids[count] = (int) terms[i];
                        found[count++] = included;
                    }
                }
                return ascending
                        ? new SparseVector(Arrays.copyOf(ids, count), Arrays.copyOf(found, count))
                        : sorted(ids, found, count);
            }
        }

        /** If a term occurs twice, the last weight counts. */
        private static SparseVector sorted(int[] ids, float[] weights, int count) {
            TreeMap<Integer, Float> sorted = new TreeMap<>();
            for (int i = 0; i < count; i++) {
                sorted.put(ids[i], weights[i]);
            }
            return vector(sorted);
        }

        private static SparseVector vector(TreeMap<Integer, Float> weights) {
            float[] values = new float[weights.size()];
            int next = 0;
            for (float weight : weights.values()) {
                values[next++] = weight;
            }
            return new SparseVector(
                    weights.keySet().stream().mapToInt(Integer::intValue).toArray(), values);
        }

        private long[] numbers(OnnxValue value) {
            OnnxTensor tensor = (OnnxTensor) value;
            TensorInfo info = tensor.getInfo();
            return switch (info.type) {
                case INT64 -> {
                    LongBuffer numbers = tensor.getLongBuffer();
                    long[] copy = new long[numbers.remaining()];
                    numbers.get(copy);
                    yield copy;
                }
                case INT32 -> {
                    IntBuffer numbers = tensor.getIntBuffer();
                    long[] copy = new long[numbers.remaining()];
                    Arrays.setAll(copy, numbers::get);
                    yield copy;
                }
                default ->
                        throw new IllegalStateException(
                                "the model returns its terms as " + info.type + ", not as int64");
            };
        }

        private float weight(int term, float number) {
            if (!Float.isFinite(number)) {
                throw new EncodingException(
                        "the model returns "
                                + (Float.isNaN(number) ? "NaN" : "infinity")
                                + " for the term "
                                + term
                                + " of this text");
            }
            if (excluded.get(term)) {
                return 0;
            }
            return output.kind() == GraphOutput.Kind.MAX_LOGITS ? formula.weight(number) : number;
        }

        /** A direct buffer of that many bytes with arbitrary content. */
        private ByteBuffer buffer(String name, int bytes) {
            ByteBuffer buffer = buffers.get(name);
            if (buffer == null || buffer.capacity() < bytes) {
                buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
                buffers.put(name, buffer);
            }
            Buffer part = buffer.clear().limit(bytes);
            return ((ByteBuffer) part).slice().order(ByteOrder.nativeOrder());
        }
    }
}
