package io.github.flinksplade.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.vector.SparseVector;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The reference implementation of the model cards: the exported graph in ONNX Runtime with all of
 * its optimizations on all cores, batches of 32 texts in order of arrival padded to the longest
 * one, the logits copied back, and {@code max(log(1 + relu(logits)) * mask)} computed in Java on
 * all cores.
 *
 * <p>The lean variant avoids what is easy to avoid: it reuses the memory of the logits, computes
 * the maximum before the logarithm, and skips padding.
 */
final class ReferenceImplementation implements AutoCloseable {

    static final int BATCH = 32;

    private final OrtEnvironment environment = environment();
    private final OrtSession session;
    private final Tokenizer tokenizer;
    private final int vocabulary;
    private final String logits;
    private final boolean lean;
    private final int logarithms;
    private ByteBuffer memory = ByteBuffer.allocateDirect(0);

    /**
     * @param formula with the maximum over the sequence
     * @param gpu the index of the GPU that runs the graph, or empty for the CPU
     */
    ReferenceImplementation(
            Path graph,
            Tokenizer tokenizer,
            int columns,
            Formula formula,
            int threads,
            boolean lean,
            OptionalInt gpu)
            throws OrtException {
        this.lean = lean;
        this.tokenizer = tokenizer;
        this.vocabulary = columns;
        this.logarithms = formula.logarithms();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            if (gpu.isPresent()) {
                options.addCUDA(gpu.getAsInt());
            }
            session = environment.createSession(graph.toString(), options);
        }
        logits = session.getOutputNames().iterator().next();
    }

    /**
     * The environment of ONNX Runtime. The first caller sets the log level; this is the encoder's.
     */
    static OrtEnvironment environment() {
        return OrtEnvironment.getEnvironment(
                OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, OrtEnvironment.DEFAULT_NAME);
    }

    /** The vectors of texts, in their order. */
    SparseVector[] encode(List<String> texts) throws OrtException {
        SparseVector[] vectors = new SparseVector[texts.size()];
        for (int start = 0; start < texts.size(); start += BATCH) {
            List<String> batch = texts.subList(start, Math.min(texts.size(), start + BATCH));
            int[][] ids =
                    batch.parallelStream()
                            .map(text -> tokenizer.tokenize(text, Role.DOCUMENT).ids())
                            .toArray(int[][]::new);
            int longest = Arrays.stream(ids).mapToInt(row -> row.length).max().orElseThrow();
            int max = maxTexts(longest);
            for (int row = 0; row < ids.length; row += max) {
                int[][] part = Arrays.copyOfRange(ids, row, Math.min(ids.length, row + max));
                encode(part, longest, vectors, start + row);
            }
        }
        return vectors;
    }

    /** The number of texts whose logits fit into the 2 GB of a Java buffer; usually the batch. */
    private int maxTexts(int longest) {
        return (int) Math.max(1, Integer.MAX_VALUE / (4L * longest * vocabulary));
    }

    private void encode(int[][] ids, int longest, SparseVector[] vectors, int start)
            throws OrtException {
        long[] shape = {ids.length, longest};
        LongBuffer tokens = direct(8L * ids.length * longest).asLongBuffer();
        LongBuffer mask = direct(8L * ids.length * longest).asLongBuffer();
        LongBuffer zeros = direct(8L * ids.length * longest).asLongBuffer();
        for (int row = 0; row < ids.length; row++) {
            for (int i = 0; i < longest; i++) {
                boolean present = i < ids[row].length;
                tokens.put(row * longest + i, present ? ids[row][i] : 0);
                mask.put(row * longest + i, present ? 1 : 0);
            }
        }
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            for (String name : session.getInputNames()) {
                LongBuffer values =
                        switch (name) {
                            case "input_ids" -> tokens;
                            case "attention_mask" -> mask;
                            case "token_type_ids" -> zeros;
                            default ->
                                    throw new IllegalStateException(
                                            "the reference implementation does not support the input "
                                                    + name);
                        };
                inputs.put(name, OnnxTensor.createTensor(environment, values, shape));
            }
            FloatBuffer buffer = lean ? reused(inputs, ids.length, longest) : copied(inputs);
            IntStream.range(0, ids.length)
                    .parallel()
                    .forEach(
                            row ->
                                    vectors[start + row] =
                                            lean
                                                    ? pool(buffer, row * longest, ids[row].length)
                                                    : poolWithMask(
                                                            buffer,
                                                            row * longest,
                                                            longest,
                                                            ids[row].length));
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private FloatBuffer copied(Map<String, OnnxTensor> inputs) throws OrtException {
        try (OrtSession.Result result = session.run(inputs)) {
            return ((OnnxTensor) result.get(logits).orElseThrow()).getFloatBuffer();
        }
    }

    private FloatBuffer reused(Map<String, OnnxTensor> inputs, int rows, int longest)
            throws OrtException {
        long bytes = 4L * rows * longest * vocabulary;
        if (memory.capacity() < bytes) {
            memory = direct(bytes);
        }
        FloatBuffer buffer = memory.asFloatBuffer().limit((int) (bytes / 4));
        try (OnnxTensor output =
                OnnxTensor.createTensor(
                        environment, buffer, new long[] {rows, longest, vocabulary})) {
            session.run(inputs, Set.of(), Map.of(logits, output)).close();
        }
        return buffer;
    }

    /** As on the model card: the logarithm of each logit, times the mask, then the maximum. */
    private SparseVector poolWithMask(FloatBuffer buffer, int first, int longest, int length) {
        float[] weights = new float[vocabulary];
        float[] logitsOfToken = new float[vocabulary];
        for (int i = 0; i < longest; i++) {
            buffer.get(Math.multiplyExact(first + i, vocabulary), logitsOfToken);
            float mask = i < length ? 1 : 0;
            for (int term = 0; term < weights.length; term++) {
                double weight = Math.max(0, logitsOfToken[term]);
                for (int k = 0; k < logarithms; k++) {
                    weight = Math.log(1 + weight);
                }
                weights[term] = Math.max(weights[term], (float) weight * mask);
            }
        }
        return vector(weights);
    }

    private SparseVector pool(FloatBuffer buffer, int first, int length) {
        float[] max = new float[vocabulary];
        float[] logitsOfToken = new float[vocabulary];
        for (int i = first; i < first + length; i++) {
            buffer.get(Math.multiplyExact(i, vocabulary), logitsOfToken);
            for (int term = 0; term < max.length; term++) {
                max[term] = Math.max(max[term], logitsOfToken[term]);
            }
        }
        for (int term = 0; term < max.length; term++) {
            double weight = Math.max(0, max[term]);
            for (int k = 0; k < logarithms; k++) {
                weight = Math.log1p(weight);
            }
            max[term] = (float) weight;
        }
        return vector(max);
    }

    private static SparseVector vector(float[] weights) {
        int[] indices = IntStream.range(0, weights.length).filter(t -> weights[t] > 0).toArray();
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = weights[indices[i]];
        }
        return new SparseVector(indices, values);
    }

    private static ByteBuffer direct(long bytes) {
        return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
