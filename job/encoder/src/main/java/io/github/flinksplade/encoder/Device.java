package io.github.flinksplade.encoder;

import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model runs.
 *
 * @param kind what kind of device, and how it is driven
 * @param index which of the machine's GPUs, from 0 as CUDA numbers them; -1: the one that a cluster
 *     gives to the process, else the first
 */
public record Device(Kind kind, int index) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A GPU where this build of ONNX Runtime can use one, else the CPU. */
    public static final Device AUTO = new Device(Kind.AUTO, -1);

    public static final Device CPU = new Device(Kind.CPU, -1);

    private static final Pattern GPU = Pattern.compile("(cuda|tensorrt)(?::(\\d{1,4}))?");

    public enum Kind {
        AUTO,
        CPU,
        /** An NVIDIA GPU through ONNX Runtime's CUDA provider. */
        CUDA,
        /** The same through its TensorRT provider, and CUDA for what TensorRT does not take. */
        TENSORRT,
        /** What is done for a GPU, graph, batches and all, but on the CPU: to test it. */
        REHEARSAL
    }

    public Device {
        Objects.requireNonNull(kind, "kind");
        if (index < -1) {
            throw new IllegalArgumentException("there is no device number " + index);
        }
    }

    /**
     * A device by its name: {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:N}, {@code
     * tensorrt}, {@code tensorrt:N} or {@code rehearsal}.
     *
     * @throws IllegalArgumentException with what may be written
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
            case "rehearsal" -> new Device(Kind.REHEARSAL, -1);
            default ->
                    throw new IllegalArgumentException(
                            "unknown device '"
                                    + name
                                    + "'; write auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N");
        };
    }

    /** The number of the GPU to use: the first where none is named. */
    public int number() {
        return Math.max(0, index);
    }

    /** This GPU where it is named, else the one of that number; CPUs have none. */
    public Device orNumber(int other) {
        return switch (kind) {
            case CPU, REHEARSAL -> this;
            case AUTO, CUDA, TENSORRT -> index >= 0 ? this : new Device(kind, other);
        };
    }

    @Override
    public String toString() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return index >= 0 ? name + ":" + index : name;
    }
}
