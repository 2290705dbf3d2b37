package io.github.flinksplade.encoder.internal;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.ModelException;

/**
 * A graph in ONNX Runtime on the CPU, with the weights that it reads from mapped files. A run takes
 * one thread, the caller's; any number of threads may run at once. Nothing may run during or after
 * {@link #close}.
 */
final class OnnxSession implements AutoCloseable {

    // its own messages on standard error say no more than its exceptions, which reach the user
    private static final OrtLoggingLevel LOGGING = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

    private final OrtEnvironment environment;
    private final OrtSession session;

    private OnnxSession(OrtEnvironment environment, OrtSession session) {
        this.environment = environment;
        this.session = session;
    }

    /**
     * @throws ModelException when the runtime does not take the graph
     */
    static OnnxSession open(OnnxFile file, ModelProto model) {
        try {
            OrtEnvironment environment =
                    OrtEnvironment.getEnvironment(LOGGING, OrtEnvironment.DEFAULT_NAME);
            try (OrtSession.SessionOptions options = options()) {
                options.addConfigEntry(
                        "session.model_external_initializers_file_folder_path",
                        file.root().toString());
                return new OnnxSession(
                        environment,
                        environment.createSession(file.detach(model).toByteArray(), options));
            }
        } catch (OrtException e) {
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

    /** The runtime's message on one line, without its code. */
    static String reason(OrtException e) {
        String message =
                String.valueOf(e.getMessage())
                        .replaceAll("\\s+", " ")
                        .replaceFirst("^Error code - \\w+ - message: ", "")
                        .strip();
        return message.length() <= 300 ? message : message.substring(0, 300) + "...";
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
