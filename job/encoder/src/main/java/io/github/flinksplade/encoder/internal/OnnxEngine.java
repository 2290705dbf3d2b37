package io.github.flinksplade.encoder.internal;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.Engine;
import io.github.flinksplade.encoder.SparseVector;
import io.github.flinksplade.encoder.TokenSequence;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Runs a rewritten graph on the CPU. Texts of one length make a batch, so that nothing is padded
 * and a vector is the same to the bit whatever it is run with; a graph of which this does not hold,
 * or that takes a fixed number of rows, is run one text at a time.
 */
public final class OnnxEngine implements Engine {

    private final OnnxSession session;
    private final GraphInputs inputs;
    private final GraphOutput output;
    private final int vocabulary;
    private final int columns;
    private final int padding;
    private final Limits limits;
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private final ConcurrentLinkedQueue<Workspace> workspaces = new ConcurrentLinkedQueue<>();
    private final LongAdder modelNanos = new LongAdder();
    private boolean closed; // guarded by open

    /**
     * @param vocabulary how many terms the tokenizer has; columns from there on are padding
     * @param columns how many terms the graph has, 0 where it lists pairs
     * @param padding the token id that fills a row up where the graph takes a fixed length
     */
    OnnxEngine(
            OnnxSession session,
            GraphInputs inputs,
            GraphOutput output,
            int vocabulary,
            int columns,
            int padding,
            Limits limits) {
        this.session = session;
        this.inputs = inputs;
        this.output = output;
        this.vocabulary = vocabulary;
        this.columns = columns;
        this.padding = padding;
        this.limits = limits;
    }

    /** The same with other limits; this one is not to be used or closed any more. */
    OnnxEngine withLimits(Limits other) {
        return new OnnxEngine(session, inputs, output, vocabulary, columns, padding, other);
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
            int length = batch.get(0).ids().length;
            // rows of one token make a matrix of one row, which other kernels multiply
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
                            "a batch must have texts of one length, not of "
                                    + length
                                    + " and "
                                    + tokens.ids().length
                                    + " tokens");
                }
            }
            return runRows(batch, length);
        } finally {
            open.readLock().unlock();
        }
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
            throw new IllegalStateException("the model fails: " + OnnxSession.reason(e), e);
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

    /** The memory of one run at a time, kept for the next. */
    private final class Workspace {

        private final Map<String, ByteBuffer> buffers = new HashMap<>();
        private int[] indices = new int[256];
        private float[] values = new float[256];

        List<SparseVector> run(List<TokenSequence> texts, int length) throws OrtException {
            int rows = inputs.fixedBatch() > 0 ? inputs.fixedBatch() : texts.size();
            int tokens = inputs.fixedTokens() > 0 ? inputs.fixedTokens() : length;
            if (length > tokens) {
                throw new EncodingException(
                        "the model takes " + tokens + " tokens, but the text has " + length);
            }
            Map<String, OnnxTensor> given = new HashMap<>();
            try {
                for (GraphInputs.Input input : inputs.inputs()) {
                    given.put(input.name(), tensor(input, texts, rows, tokens));
                }
                return switch (output.kind()) {
                    case PAIRS -> List.of(pairs(given));
                    case MAXIMA, WEIGHTS -> table(given, texts.size(), rows);
                };
            } finally {
                given.values().forEach(OnnxTensor::close);
            }
        }

        /** What an input is told; where the graph has more rows than there are texts, the last. */
        private OnnxTensor tensor(
                GraphInputs.Input input, List<TokenSequence> texts, int rows, int tokens)
                throws OrtException {
            int count = Math.multiplyExact(rows, tokens);
            ByteBuffer buffer =
                    buffer(input.name(), Math.multiplyExact(count, input.wide() ? 8 : 4));
            LongBuffer wide = buffer.asLongBuffer();
            IntBuffer narrow = buffer.asIntBuffer();
            for (int row = 0, i = 0; row < rows; row++) {
                int[] ids = texts.get(Math.min(row, texts.size() - 1)).ids();
                for (int token = 0; token < tokens; token++, i++) {
                    boolean present = token < ids.length;
                    int number =
                            switch (input.kind()) {
                                case IDS -> present ? ids[token] : padding;
                                case MASK -> present ? 1 : 0;
                                case SEGMENTS -> 0;
                                case POSITIONS -> token;
                            };
                    if (input.wide()) {
                        wide.put(i, number);
                    } else {
                        narrow.put(i, number);
                    }
                }
            }
            long[] shape = {rows, tokens};
            return input.wide()
                    ? OnnxTensor.createTensor(session.environment(), wide, shape)
                    : OnnxTensor.createTensor(session.environment(), narrow, shape);
        }

        private List<SparseVector> table(Map<String, OnnxTensor> given, int texts, int rows)
                throws OrtException {
            int count = Math.multiplyExact(rows, columns);
            FloatBuffer table = buffer(output.name(), Math.multiplyExact(count, 4)).asFloatBuffer();
            try (OnnxTensor pinned =
                    OnnxTensor.createTensor(
                            session.environment(), table, new long[] {rows, columns})) {
                long start = System.nanoTime();
                session.session().run(given, Set.of(), Map.of(output.name(), pinned)).close();
                modelNanos.add(System.nanoTime() - start);
                List<SparseVector> vectors = new ArrayList<>(texts);
                for (int row = 0; row < texts; row++) {
                    vectors.add(vector(table, row * columns));
                }
                return vectors;
            }
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

        private SparseVector pairs(Map<String, OnnxTensor> given) throws OrtException {
            long start = System.nanoTime();
            try (OrtSession.Result result = session.session().run(given)) {
                modelNanos.add(System.nanoTime() - start);
                long[] terms = numbers(result.get(output.indicesName()).orElseThrow());
                FloatBuffer weights =
                        ((OnnxTensor) result.get(output.name()).orElseThrow()).getFloatBuffer();
                if (weights.remaining() != terms.length) {
                    throw new EncodingException(
                            "the model gives "
                                    + terms.length
                                    + " terms but "
                                    + weights.remaining()
                                    + " weights");
                }
                TreeMap<Integer, Float> sorted = new TreeMap<>();
                for (int i = 0; i < terms.length; i++) {
                    float weight = weights.get(i);
                    if (weight <= 0) {
                        continue;
                    }
                    if (terms[i] < 0 || terms[i] >= vocabulary) {
                        throw new EncodingException(
                                "the model gives a weight to the term "
                                        + terms[i]
                                        + ", but the tokenizer has only "
                                        + vocabulary
                                        + " terms");
                    }
                    sorted.put((int) terms[i], weight((int) terms[i], weight));
                }
                int[] ids = sorted.keySet().stream().mapToInt(Integer::intValue).toArray();
                float[] found = new float[ids.length];
                for (int i = 0; i < ids.length; i++) {
                    found[i] = sorted.get(ids[i]);
                }
                return new SparseVector(ids, found);
            }
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
                                "the model gives its terms as " + info.type + ", not as int64");
            };
        }

        private float weight(int term, float number) {
            if (!Float.isFinite(number)) {
                throw new EncodingException(
                        "the model gives "
                                + (Float.isNaN(number) ? "no number (NaN)" : "infinity")
                                + " for the term "
                                + term
                                + " of this text");
            }
            return output.kind() == GraphOutput.Kind.MAXIMA ? (float) Math.log1p(number) : number;
        }

        /** Direct memory of that many bytes; what was in it does not matter. */
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
