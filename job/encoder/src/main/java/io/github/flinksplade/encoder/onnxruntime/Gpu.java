package io.github.flinksplade.encoder.onnxruntime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.NativeLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What ONNX Runtime is told, and what it says, about NVIDIA's GPUs. */
final class Gpu {

    /** A graph that only hands its input on, to see whether a device can be used at all. */
    private static final byte[] NOTHING = IdentityGraph.bytes();

    private static final Pattern MISSING_LIBRARY =
            Pattern.compile("(lib[\\w.+-]+\\.so[\\w.]*): cannot open shared object file");

    /** CUDA's libraries that have the version of CUDA in their names. */
    private static final Pattern CUDA_LIBRARY =
            Pattern.compile("lib(?:cublas|cublasLt|cudart)\\.so\\.(\\d+).*");

    private static final Pattern NO_MEMORY =
            Pattern.compile(
                    "(?i)failed to allocate memory|available memory of \\d+ is smaller than|out of memory|ALLOC_FAILED|cudaErrorMemoryAllocation");

    private Gpu() {}

    /**
     * The device to use for the one asked for, {@code auto} decided.
     *
     * @param note why it is the CPU where a GPU might have been meant; else empty
     */
    record Choice(Device device, String note) {}

    /**
     * @throws ModelException when a GPU is asked for that cannot be used; the message says why
     */
    static Choice choose(Device asked, boolean forCpuOnly) {
        return switch (asked.kind()) {
            case CPU, CPU_EMULATION -> new Choice(asked, "");
            case CUDA, TENSORRT -> {
                Optional<String> problem = problem(asked);
                if (problem.isPresent()) {
                    throw new ModelException(
                            "the device "
                                    + asked
                                    + " cannot be used: "
                                    + problem.get()
                                    + "; or use --device cpu");
                }
                yield new Choice(asked, "");
            }
            case AUTO -> {
                if (forCpuOnly || !hasProvider(OrtProvider.CUDA)) {
                    yield new Choice(Device.CPU, "");
                }
                Device gpu = new Device(Device.Kind.CUDA, asked.number());
                yield problem(gpu)
                        .map(why -> new Choice(Device.CPU, "no GPU: " + why))
                        .orElse(new Choice(gpu, ""));
            }
        };
    }

    private static boolean hasProvider(OrtProvider provider) {
        NativeLibraries.onnxRuntime();
        return OrtEnvironment.getAvailableProviders().contains(provider);
    }

    /** Why a GPU cannot be used, if so. */
    private static Optional<String> problem(Device gpu) {
        OrtProvider provider =
                gpu.kind() == Device.Kind.TENSORRT ? OrtProvider.TENSOR_RT : OrtProvider.CUDA;
        if (!hasProvider(provider)) {
            return Optional.of(
                    "the ONNX Runtime on the class path is a build without "
                            + (provider == OrtProvider.CUDA ? "CUDA" : "TensorRT")
                            + " (its providers: "
                            + OrtEnvironment.getAvailableProviders().stream()
                                    .map(p -> p.name().toLowerCase(Locale.ROOT))
                                    .collect(Collectors.joining(", "))
                            + "); build flink-splade with -P gpu, in a checkout"
                            + " FLINK_SPLADE_PROFILE=gpu ./flink-splade");
        }
        // the runtime's errors need its logger, which comes with the environment
        OrtEnvironment environment = NativeLibraries.onnxRuntime();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OnnxSession.LOGGING);
            add(options, gpu, Optional.empty());
            environment.createSession(NOTHING, options).close();
            return Optional.empty();
        } catch (OrtException e) {
            return Optional.of(explained(OnnxSession.message(e), gpu));
        }
    }

    /**
     * The runtime's message on a GPU that cannot be used, and what to do about it.
     *
     * @param reason the whole message: paths of source files come before the cause
     */
    static String explained(String reason, Device gpu) {
        Matcher library = MISSING_LIBRARY.matcher(reason);
        if (library.find()) {
            String name = library.group(1);
            String where =
                    name.startsWith("libcuda.")
                            ? "it belongs to NVIDIA's driver: install the driver, and in a container"
                                    + " start it with --gpus all"
                            : name.startsWith("libcudnn")
                                    ? "install cuDNN 9"
                                    : name.startsWith("libnvinfer") || name.startsWith("libnvonnx")
                                            ? "install TensorRT 10, or use cuda:" + gpu.number()
                                            : "install the "
                                                    + cudaOf(name)
                                                    + " runtime libraries (cuBLAS,"
                                                    + " cuFFT, cuRAND, nvRTC, cudart)";
            return "the library "
                    + name
                    + " is not found; "
                    + where
                    + ", and have its folder on LD_LIBRARY_PATH";
        }
        if (reason.contains("CUDA failure 100") || reason.contains("no CUDA-capable device")) {
            return "CUDA finds no GPU on this machine (nvidia-smi -L lists them)";
        }
        if (reason.contains("CUDA failure 101")
                || reason.contains("invalid device ordinal")
                || reason.contains("Invalid device ID")) {
            return "there is no GPU number "
                    + gpu.number()
                    + " here (nvidia-smi -L lists them, from 0)";
        }
        if (reason.contains("CUDA failure 35")
                || reason.contains("driver version is insufficient")) {
            return "NVIDIA's driver is missing or too old for the CUDA version that ONNX Runtime was"
                    + " built for (nvidia-smi shows both)";
        }
        return OnnxSession.shortened(reason);
    }

    private static String cudaOf(String library) {
        Matcher name = CUDA_LIBRARY.matcher(library);
        return name.matches() ? "CUDA " + name.group(1) : "CUDA 12";
    }

    /** Whether the runtime's message states that the device's memory is exhausted. */
    static boolean isOutOfMemory(String reason) {
        return NO_MEMORY.matcher(reason).find();
    }

    /**
     * What is to run on a GPU.
     *
     * @param inputs names of the graph's inputs [batch, tokens]
     * @param half whether it computes in 16 bits
     * @param cache where TensorRT keeps what it has built
     * @param memory bytes of memory that it may take; 0: as many as there are
     */
    record Use(
            List<String> inputs,
            int mostRows,
            int mostTokens,
            boolean half,
            Path cache,
            long memory) {

        /** As TensorRT wants it: each input's name and shape. */
        private String of(int rows, int tokens) {
            return inputs.stream()
                    .map(input -> input + ":" + rows + "x" + tokens)
                    .collect(Collectors.joining(","));
        }
    }

    /**
     * @param use empty only for a trial
     */
    static void add(OrtSession.SessionOptions options, Device gpu, Optional<Use> use)
            throws OrtException {
        if (gpu.kind() == Device.Kind.TENSORRT) {
            try (OrtTensorRTProviderOptions tensorRt =
                    new OrtTensorRTProviderOptions(gpu.number())) {
                if (use.isPresent()) {
                    Use known = use.get();
                    tensorRt.add("trt_fp16_enable", known.half() ? "1" : "0");
                    tensorRt.add("trt_engine_cache_enable", "1");
                    tensorRt.add("trt_engine_cache_path", folder(known.cache()).toString());
                    tensorRt.add("trt_timing_cache_enable", "1");
                    tensorRt.add("trt_profile_min_shapes", known.of(1, 1));
                    tensorRt.add(
                            "trt_profile_opt_shapes",
                            known.of(known.mostRows(), known.mostTokens()));
                    tensorRt.add(
                            "trt_profile_max_shapes",
                            known.of(known.mostRows(), known.mostTokens()));
                }
                options.addTensorrt(tensorRt);
            }
        }
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(gpu.number())) {
            // fp32 means fp32: without this its products have 10 bits
            cuda.add("use_tf32", "0");
            // sums of squares in fp32, also where fp16 states are normalized
            cuda.add("enable_skip_layer_norm_strict_mode", "1");
            // batches repeat the same few sizes; doubling would ask for more than there is
            cuda.add("arena_extend_strategy", "kSameAsRequested");
            if (use.isPresent() && use.get().memory() > 0) {
                cuda.add("gpu_mem_limit", Long.toString(use.get().memory()));
            }
            options.addCUDA(cuda);
        }
    }

    private static Path folder(Path cache) {
        try {
            return Files.createDirectories(cache);
        } catch (IOException e) {
            throw new ModelException(
                    "TensorRT's engines cannot be kept in " + cache + ": " + e.getMessage(), e);
        }
    }
}
