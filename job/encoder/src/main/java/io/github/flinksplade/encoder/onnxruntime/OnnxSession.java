package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.graph.WeightZeroPoints;
import io.github.flinksplade.encoder.platform.NativeLibraries;
import java.util.Optional;

/**
 * A graph loaded by ONNX Runtime, which memory-maps the files with its weights. On a CPU a run uses
 * the calling thread only; any number of threads may run at once. No run may overlap or follow
 * {@link #close}.
 */
public final class OnnxSession implements AutoCloseable {

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Device device;

    private OnnxSession(OrtEnvironment environment, OrtSession session, Device device) {
        this.environment = environment;
        this.session = session;
        this.device = device;
    }

    /**
     * Opens a session on the CPU.
     *
     * @throws ModelException if ONNX Runtime cannot load the graph
     */
    static OnnxSession open(OnnxFile file, ModelProto model) {
        return open(file, model, Device.CPU, Optional.empty());
    }

    /**
     * Opens a session.
     *
     * @param settings for a GPU
     * @throws ModelException if ONNX Runtime cannot load the graph, or the weights exceed the
     *     device's memory
     */
    static OnnxSession open(
            OnnxFile file, ModelProto model, Device device, Optional<Gpu.Settings> settings) {
        try {
            OrtEnvironment environment = NativeLibraries.onnxRuntime();
            try (OrtSession.SessionOptions options = options()) {
                if (device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT) {
                    Gpu.add(options, device, settings);
                }
                options.addConfigEntry(
                        "session.model_external_initializers_file_folder_path",
                        file.root().toString());
                ModelProto complete = file.detach(WeightZeroPoints.apply(model));
                return new OnnxSession(
                        environment,
                        environment.createSession(complete.toByteArray(), options),
                        device);
            }
        } catch (OrtException e) {
            if (device.kind() != Device.Kind.CPU && GpuErrors.isOutOfMemory(message(e))) {
                throw new ModelException(
                        "the weights of "
                                + file.path()
                                + " exceed the memory of "
                                + device
                                + ": "
                                + reason(e),
                        e);
            }
            throw new ModelException(
                    "ONNX Runtime cannot load "
                            + file.path()
                            + " ("
                            + reason(e)
                            + "); export it again with another opset or exporter",
                    e);
        }
    }

    private static OrtSession.SessionOptions options() throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setSessionLogLevel(NativeLibraries.LOGGING);
        options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
        options.setIntraOpNumThreads(1);
        options.setInterOpNumThreads(1);
        // memory patterns assume one shape, and shapes vary
        options.setMemoryPatternOptimization(false);
        // the instructions for uint8 * int8 saturate without VNNI; use those that do not
        // (requires WeightZeroPoints)
        options.addConfigEntry("session.x64quantprecision", "1");
        // weights must not be allocated in the arena that grows with the largest batch
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

    /** Makes a run release the device memory that is reserved for further runs. */
    void releaseMemoryAfter(OrtSession.RunOptions options) throws OrtException {
        if (device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT) {
            options.addRunConfigEntry(
                    "memory.enable_memory_arena_shrinkage", "gpu:" + device.number());
        }
    }

    /** ONNX Runtime's whole message on one line, without its code, for matching. */
    static String message(OrtException e) {
        return String.valueOf(e.getMessage())
                .replaceAll("\\s+", " ")
                .replaceFirst("^Error code - \\w+ - message: ", "")
                .strip();
    }

    /** ONNX Runtime's message, shortened for display. */
    static String reason(OrtException e) {
        return shortened(message(e));
    }

    /** At most about 300 characters: the start, and the end, where ONNX Runtime states causes. */
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
