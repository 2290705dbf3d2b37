package io.github.flinksplade.encoder;

import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model runs.
 *
 * @param kind the kind of device and how ONNX Runtime uses it
 * @param index the index of the GPU, from 0 as CUDA counts them; -1: the GPU that a cluster assigns
 *     to the process, else the first
 */
public record Device(Kind kind, int index) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A GPU if this build of ONNX Runtime can use one, else the CPU. */
    public static final Device AUTO = new Device(Kind.AUTO, -1);

    public static final Device CPU = new Device(Kind.CPU, -1);

    /** The graph and the batches of a GPU, computed on the CPU; for tests. */
    public static final Device CPU_EMULATION = new Device(Kind.CPU_EMULATION, -1);

    private static final Pattern GPU = Pattern.compile("(cuda|tensorrt)(?::(\\d{1,4}))?");

    public enum Kind {
        AUTO,
        CPU,
        /** An NVIDIA GPU through ONNX Runtime's CUDA provider. */
        CUDA,
        /** An NVIDIA GPU through the TensorRT provider; CUDA for operators that it lacks. */
        TENSORRT,
        /** The graph and the batches of a GPU, computed on the CPU; for tests. */
        CPU_EMULATION;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public Device {
        Objects.requireNonNull(kind, "kind");
        if (index < -1) {
            throw new IllegalArgumentException(
                    "invalid device index " + index + "; use 0 or above, or -1 for the default");
        }
    }

    /**
     * Parses {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:N}, {@code tensorrt}, {@code
     * tensorrt:N} or {@code cpu-emulation}.
     *
     * @throws IllegalArgumentException if the name is invalid; the message lists the valid ones
     */
    public static Device parse(String name) {
        Matcher gpu = GPU.matcher(name);
        if (gpu.matches()) {
            return new Device(
                    Kind.valueOf(gpu.group(1).toUpperCase(Locale.ROOT)),
                    gpu.group(2) == null ? -1 : Integer.parseInt(gpu.group(2)));
        }
        return switch (name) {
            case "auto" -> AUTO;
            case "cpu" -> CPU;
            case "cpu-emulation" -> CPU_EMULATION;
            default ->
                    throw new IllegalArgumentException(
                            "unknown device '"
                                    + name
                                    + "'; write auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N");
        };
    }

    /** The index of the GPU to use: 0 if none is specified. */
    public int number() {
        return Math.max(0, index);
    }

    /** This device if it has an index or is a CPU, else the GPU with the given index. */
    public Device orNumber(int other) {
        return switch (kind) {
            case CPU, CPU_EMULATION -> this;
            case AUTO, CUDA, TENSORRT -> index >= 0 ? this : new Device(kind, other);
        };
    }

    @Override
    public String toString() {
        return index >= 0 ? kind + ":" + index : kind.toString();
    }
}
