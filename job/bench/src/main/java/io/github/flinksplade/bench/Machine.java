package io.github.flinksplade.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.platform.Fp16Conversions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The machine that runs a benchmark.
 *
 * @param gemm billions of operations per second that ONNX Runtime's MatMul of large fp32 matrices
 *     reaches on all cores, one MatMul per core; a multiplication and an addition are two
 *     operations. 0 when a GPU is measured
 * @param integerGemm the same for 8-bit integers
 * @param gpuGemm the same on the measured GPU in fp32; 0 without a GPU
 * @param gpuTf32Gemm the same in TF32, which ONNX Runtime uses for fp32 graphs by default
 * @param gpuHalfGemm the same in fp16
 */
public record Machine(
        String processor,
        int cores,
        long memoryBytes,
        String system,
        String java,
        String onnxRuntime,
        double gemm,
        double integerGemm,
        double gpuGemm,
        double gpuTf32Gemm,
        double gpuHalfGemm) {

    private static final int ROWS = 256;
    private static final int IN = 768;
    private static final int OUT = 3072;
    private static final int GPU_SIZE = 8192;
    private static final int GPU_MATMULS = 8;
    private static final long MEASURED_NANOS = 700_000_000L;

    /**
     * @param gpu the index of the GPU to measure instead of the CPU, if any
     */
    static Machine measure(int threads, OptionalInt gpu) throws OrtException {
        return new Machine(
                processorName(),
                threads,
                installedMemory(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                System.getProperty("java.version"),
                ReferenceImplementation.environment().getVersion(),
                gpu.isPresent() ? 0 : gemm(threads, false),
                gpu.isPresent() ? 0 : gemm(threads, true),
                gpu.isPresent() ? gpuGemm(gpu.getAsInt(), DataType.FLOAT, false) : 0,
                gpu.isPresent() ? gpuGemm(gpu.getAsInt(), DataType.FLOAT, true) : 0,
                gpu.isPresent() ? gpuGemm(gpu.getAsInt(), DataType.FLOAT16, false) : 0);
    }

    /** What is known without measuring. */
    public static Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("processor", processorName());
        facts.put("cores", Runtime.getRuntime().availableProcessors());
        facts.put("memoryMegabytes", installedMemory() >> 20);
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        facts.put("java", System.getProperty("java.version"));
        return facts;
    }

    private static String processorName() {
        return line("/proc/cpuinfo", "model name");
    }

    private static long installedMemory() {
        String kilobytes = line("/proc/meminfo", "MemTotal").replaceAll("\\D", "");
        return kilobytes.isEmpty() ? 0 : Long.parseLong(kilobytes) * 1024;
    }

    /** The value of a name in a file of /proc, or "unknown" where there is none. */
    static String line(String file, String name) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** The best of several attempts, since other load only makes them slower. */
    private static double gemm(int threads, boolean integers) throws OrtException {
        byte[] left = new byte[ROWS * IN * (integers ? 1 : 4)];
        if (integers) {
            new Random(1).nextBytes(left);
        }
        ByteBuffer data = ByteBuffer.allocateDirect(left.length).order(ByteOrder.nativeOrder());
        data.put(left).flip();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            return best(
                    matMul(integers),
                    options,
                    data,
                    new long[] {ROWS, IN},
                    integers ? OnnxJavaType.UINT8 : OnnxJavaType.FLOAT,
                    threads,
                    2.0 * ROWS * IN * OUT);
        }
    }

    /** The rate of a GPU: a chain of MatMuls whose results stay on it. */
    private static double gpuGemm(int gpu, DataType type, boolean tf32) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
                OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(gpu)) {
            cuda.add("use_tf32", tf32 ? "1" : "0");
            options.addCUDA(cuda);
            return chainRate(options, type, GPU_SIZE, GPU_MATMULS);
        }
    }

    /** Billions of operations per second for a chain of MatMuls of matrices [size, size]. */
    static double chainRate(OrtSession.SessionOptions options, DataType type, int size, int count)
            throws OrtException {
        return best(
                chain(type, size, count),
                options,
                chainInput(size),
                new long[] {1, size},
                OnnxJavaType.FLOAT,
                1,
                2.0 * size * size * size * count);
    }

    private static double best(
            byte[] graph,
            OrtSession.SessionOptions options,
            ByteBuffer data,
            long[] shape,
            OnnxJavaType type,
            int threads,
            double operations)
            throws OrtException {
        OrtEnvironment environment = ReferenceImplementation.environment();
        try (OrtSession session = environment.createSession(graph, options);
                OnnxTensor input = OnnxTensor.createTensor(environment, data, shape, type)) {
            double best = 0;
            for (int attempt = 0; attempt < 5; attempt++) {
                long start = System.nanoTime();
                long runs =
                        IntStream.range(0, threads)
                                .parallel()
                                .mapToLong(thread -> runs(session, input, start))
                                .sum();
                double seconds = (System.nanoTime() - start) / 1e9;
                best = Math.max(best, operations * runs / seconds / 1e9);
            }
            return best;
        }
    }

    private static long runs(OrtSession session, OnnxTensor input, long start) {
        try {
            long runs = 0;
            while (System.nanoTime() - start < MEASURED_NANOS) {
                session.run(Map.of("x", input)).close();
                runs++;
            }
            return runs;
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The input of {@link #chain}: a random vector. */
    static ByteBuffer chainInput(int size) {
        ByteBuffer row = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.nativeOrder());
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < size; i++) {
            row.putFloat(4 * i, (float) random.nextDouble(-1, 1));
        }
        return row;
    }

    /** A matrix of random numbers from -{@code max} to {@code max}. */
    private static TensorProto.Builder random(
            String name, DataType type, float max, int rows, int columns) {
        int bytes = type == DataType.FLOAT16 ? 2 : 4;
        ByteBuffer numbers =
                ByteBuffer.allocate(Math.multiplyExact(rows * bytes, columns))
                        .order(ByteOrder.LITTLE_ENDIAN);
        SplittableRandom random = new SplittableRandom(2);
        while (numbers.hasRemaining()) {
            float number = max * (random.nextInt() >> 8) / (1 << 23);
            if (type == DataType.FLOAT16) {
                numbers.putShort(Fp16Conversions.floatToFp16(number));
            } else {
                numbers.putFloat(number);
            }
        }
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(type.getNumber())
                .addDims(rows)
                .addDims(columns)
                .setRawData(UnsafeByteOperations.unsafeWrap(numbers.flip()));
    }

    /**
     * Multiplies a row x [1, n] by a column to a matrix [n, n], which is then repeatedly multiplied
     * by another matrix; the output is the maximum. The numbers are random and keep the magnitude
     * of x, because a GPU multiplies zeros and repeated numbers faster, at lower power.
     */
    static byte[] chain(DataType type, int size, int count) {
        GraphProto.Builder graph =
                GraphProto.newBuilder()
                        .setName("chain")
                        .addInput(value("x", DataType.FLOAT.getNumber(), 1, size))
                        // a variance of 1 / n keeps the magnitude of the row
                        .addInitializer(
                                random("w", type, (float) Math.sqrt(3.0 / size), size, size))
                        .addInitializer(random("column", type, 1, size, 1))
                        .addNode(
                                NodeProto.newBuilder()
                                        .setOpType("Cast")
                                        .addInput("x")
                                        .addOutput("row")
                                        .addAttribute(
                                                AttributeProto.newBuilder()
                                                        .setName("to")
                                                        .setType(AttributeProto.AttributeType.INT)
                                                        .setI(type.getNumber())))
                        .addNode(
                                NodeProto.newBuilder()
                                        .setOpType("Mul")
                                        .addAllInput(List.of("row", "column"))
                                        .addOutput("y0"));
        for (int i = 0; i < count; i++) {
            graph.addNode(
                    NodeProto.newBuilder()
                            .setOpType("MatMul")
                            .addAllInput(List.of("y" + i, "w"))
                            .addOutput("y" + (i + 1)));
        }
        graph.addNode(
                        NodeProto.newBuilder()
                                .setOpType("ReduceMax")
                                .addInput("y" + count)
                                .addOutput("y"))
                .addOutput(value("y", type.getNumber(), 1, 1));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static byte[] matMul(boolean integers) {
        int type = (integers ? DataType.UINT8 : DataType.FLOAT).getNumber();
        int weights = (integers ? DataType.INT8 : DataType.FLOAT).getNumber();
        int result = (integers ? DataType.INT32 : DataType.FLOAT).getNumber();
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .setGraph(
                        GraphProto.newBuilder()
                                .setName("matmul")
                                .addInput(value("x", type, ROWS, IN))
                                .addInitializer(
                                        TensorProto.newBuilder()
                                                .setName("w")
                                                .setDataType(weights)
                                                .addDims(IN)
                                                .addDims(OUT)
                                                .setRawData(
                                                        ByteString.copyFrom(
                                                                new byte
                                                                        [IN
                                                                                * OUT
                                                                                * (integers
                                                                                        ? 1
                                                                                        : 4)])))
                                .addNode(
                                        NodeProto.newBuilder()
                                                .setOpType(integers ? "MatMulInteger" : "MatMul")
                                                .addAllInput(List.of("x", "w"))
                                                .addOutput("y"))
                                .addOutput(value("y", result, ROWS, OUT)))
                .build()
                .toByteArray();
    }

    private static ValueInfoProto value(String name, int type, int rows, int columns) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(
                                        TypeProto.Tensor.newBuilder()
                                                .setElemType(type)
                                                .setShape(
                                                        TensorShapeProto.newBuilder()
                                                                .addDim(size(rows))
                                                                .addDim(size(columns)))))
                .build();
    }

    private static Dimension size(int number) {
        return Dimension.newBuilder().setDimValue(number).build();
    }
}
