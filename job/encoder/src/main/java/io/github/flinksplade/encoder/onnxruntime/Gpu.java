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
import java.util.stream.Collectors;

/** Chooses the device to run on, and configures sessions for NVIDIA GPUs. */
final class Gpu {

    /** A graph to test whether a device can be used at all. */
    private static final byte[] IDENTITY = IdentityGraph.bytes();

    private Gpu() {}

    /**
     * The device to use.
     *
     * @param note why {@code auto} chose the CPU although this build supports GPUs; else empty
     */
    record Choice(Device device, String note) {}

    /**
     * Resolves {@code auto} and checks GPUs.
     *
     * @param cpuOnly whether the model runs on CPUs only
     * @throws ModelException if the requested GPU cannot be used; the message explains why
     */
    static Choice choose(Device requested, boolean cpuOnly) {
        return switch (requested.kind()) {
            case CPU, CPU_EMULATION -> new Choice(requested, "");
            case CUDA, TENSORRT -> {
                Optional<String> problem = problem(requested);
                if (problem.isPresent()) {
                    throw new ModelException(
                            "the device "
                                    + requested
                                    + " cannot be used: "
                                    + problem.get()
                                    + "; or use --device cpu");
                }
                yield new Choice(requested, "");
            }
            case AUTO -> {
                if (cpuOnly || !hasProvider(OrtProvider.CUDA)) {
                    yield new Choice(Device.CPU, "");
                }
                Device gpu = new Device(Device.Kind.CUDA, requested.number());
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

    /** Why a GPU cannot be used; empty if it can. */
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
        // ONNX Runtime's errors require its logger, which the environment creates
        OrtEnvironment environment = NativeLibraries.onnxRuntime();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(NativeLibraries.LOGGING);
            add(options, gpu, Optional.empty());
            environment.createSession(IDENTITY, options).close();
            return Optional.empty();
        } catch (OrtException e) {
            return Optional.of(GpuErrors.explain(OnnxSession.message(e), gpu));
        }
    }

    /**
     * Settings of a session on a GPU.
     *
     * @param inputs names of the graph's [batch, tokens] inputs
     * @param isFp16 whether the graph computes in fp16
     * @param cache directory in which TensorRT stores what it builds
     * @param memory max bytes of GPU memory; 0: no limit
     */
    record Settings(
            List<String> inputs,
            int maxBatch,
            int maxTokens,
            boolean isFp16,
            Path cache,
            long memory) {

        /** The shapes of all inputs in TensorRT's syntax. */
        private String shapes(int batch, int tokens) {
            return inputs.stream()
                    .map(input -> input + ":" + batch + "x" + tokens)
                    .collect(Collectors.joining(","));
        }
    }

    /**
     * Adds the execution providers of a GPU to a session.
     *
     * @param settings empty only to test whether the GPU can be used
     */
    static void add(OrtSession.SessionOptions options, Device gpu, Optional<Settings> settings)
            throws OrtException {
        if (gpu.kind() == Device.Kind.TENSORRT) {
            try (OrtTensorRTProviderOptions tensorRt =
                    new OrtTensorRTProviderOptions(gpu.number())) {
                if (settings.isPresent()) {
                    Settings known = settings.get();
                    tensorRt.add("trt_fp16_enable", known.isFp16() ? "1" : "0");
                    tensorRt.add("trt_engine_cache_enable", "1");
                    tensorRt.add("trt_engine_cache_path", created(known.cache()).toString());
                    tensorRt.add("trt_timing_cache_enable", "1");
                    tensorRt.add("trt_profile_min_shapes", known.shapes(1, 1));
                    tensorRt.add(
                            "trt_profile_opt_shapes",
                            known.shapes(known.maxBatch(), known.maxTokens()));
                    tensorRt.add(
                            "trt_profile_max_shapes",
                            known.shapes(known.maxBatch(), known.maxTokens()));
                }
                options.addTensorrt(tensorRt);
            }
        }
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(gpu.number())) {
            // without this, fp32 matrix multiplications have a mantissa of 10 bits
            cuda.add("use_tf32", "0");
            // sums of squares in fp32, also where fp16 states are normalized
            cuda.add("enable_skip_layer_norm_strict_mode", "1");
            // batches repeat the same few sizes; doubling would allocate more than available
            cuda.add("arena_extend_strategy", "kSameAsRequested");
            if (settings.isPresent() && settings.get().memory() > 0) {
                cuda.add("gpu_mem_limit", Long.toString(settings.get().memory()));
            }
            options.addCUDA(cuda);
        }
    }

    private static Path created(Path cache) {
        try {
            return Files.createDirectories(cache);
        } catch (IOException e) {
            throw new ModelException(
                    "TensorRT's engines cannot be stored in " + cache + ": " + e.getMessage(), e);
        }
    }
}
