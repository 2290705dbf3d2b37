package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.platform.NativeLibraries;
import java.util.Optional;

/**
 * A graph in ONNX Runtime, which maps the files that its weights lie in. On a CPU a run takes one
 * thread, the caller's; any number of threads may run at once. Nothing may run during or after
 * {@link #close}.
 */
public final class OnnxSession implements AutoCloseable {

    // its own messages on standard error say no more than its exceptions, which reach the user
    static final OrtLoggingLevel LOGGING = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Device device;

    private OnnxSession(OrtEnvironment environment, OrtSession session, Device device) {
        this.environment = environment;
        this.session = session;
        this.device = device;
    }

    /**
     * @throws ModelException when the runtime does not take the graph
     */
    static OnnxSession open(OnnxFile file, ModelProto model) {
        return open(file, model, Device.CPU, Optional.empty());
    }

    /**
     * @param use what a GPU needs to know
     * @throws ModelException when the runtime does not take the graph, or the weights do not fit
     *     the device
     */
    static OnnxSession open(OnnxFile file, ModelProto model, Device device, Optional<Gpu.Use> use) {
        try {
            OrtEnvironment environment = NativeLibraries.onnxRuntime();
            try (OrtSession.SessionOptions options = options()) {
                if (device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT) {
                    Gpu.add(options, device, use);
                }
                options.addConfigEntry(
                        "session.model_external_initializers_file_folder_path",
                        file.root().toString());
                return new OnnxSession(
                        environment,
                        environment.createSession(file.detach(model).toByteArray(), options),
                        device);
            }
        } catch (OrtException e) {
            if (device.kind() != Device.Kind.CPU && Gpu.isOutOfMemory(message(e))) {
                throw new ModelException(
                        "the weights of "
                                + file.path()
                                + " do not fit the memory of "
                                + device
                                + ": "
                                + reason(e),
                        e);
            }
            throw new ModelException(
                    "ONNX Runtime does not take "
                            + file.path()
                            + " ("
                            + reason(e)
                            + "); export it again with another opset or exporter",
                    e);
        }
    }

    private static OrtSession.SessionOptions options() throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setSessionLogLevel(LOGGING);
        options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
        options.setIntraOpNumThreads(1);
        options.setInterOpNumThreads(1);
        // it plans memory for one shape, and shapes vary
        options.setMemoryPatternOptimization(false);
        // where the processor's instructions for products of unlike 8-bit integers can overflow
        // (AVX2 without VNNI), use those that cannot
        options.addConfigEntry("session.x64quantprecision", "1");
        // weights are not to be kept in the memory that grows for the largest batch
        options.addConfigEntry("session.use_device_allocator_for_initializers", "1");
        return options;
    }

    OrtEnvironment environment() {
        return environment;
    }

    OrtSession session() {
        return session;
    }

    boolean isOnCpu() {
        return device.kind() == Device.Kind.CPU;
    }

    /** Has the device's memory that is kept for further runs given back after a run. */
    void releaseMemoryAfter(OrtSession.RunOptions options) throws OrtException {
        if (device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT) {
            options.addRunConfigEntry(
                    "memory.enable_memory_arena_shrinkage", "gpu:" + device.number());
        }
    }

    /** The runtime's whole message on one line, without its code: to search in. */
    static String message(OrtException e) {
        return String.valueOf(e.getMessage())
                .replaceAll("\\s+", " ")
                .replaceFirst("^Error code - \\w+ - message: ", "")
                .strip();
    }

    /** The runtime's message to show. */
    static String reason(OrtException e) {
        return shortened(message(e));
    }

    /** At most some 300 characters: the beginning, and the end, where the runtime states causes. */
    static String shortened(String message) {
        return message.length() <= 300
                ? message
                : message.substring(0, 100) + " ... " + message.substring(message.length() - 200);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("the model cannot be closed: " + reason(e), e);
        }
    }
}
