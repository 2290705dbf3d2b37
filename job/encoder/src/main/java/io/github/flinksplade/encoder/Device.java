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
 * @param index which of the machine's GPUs, from 0 as CUDA numbers them; 0 where there is no choice
 */
public record Device(Kind kind, int index) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A GPU where this build of ONNX Runtime can use one, else the CPU. */
    public static final Device AUTO = new Device(Kind.AUTO, 0);

    public static final Device CPU = new Device(Kind.CPU, 0);

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
        if (index < 0) {
            throw new IllegalArgumentException("a device's index must not be negative: " + index);
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
                    gpu.group(2) == null ? 0 : Integer.parseInt(gpu.group(2)));
        }
        return switch (name) {
            case "auto" -> AUTO;
            case "cpu" -> CPU;
            case "rehearsal" -> new Device(Kind.REHEARSAL, 0);
            default ->
                    throw new IllegalArgumentException(
                            "unknown device '"
                                    + name
                                    + "'; write auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N");
        };
    }

    /** Whether texts run there as they do on a GPU: padded, in large batches. */
    boolean batchesWide() {
        return kind != Kind.CPU && kind != Kind.AUTO;
    }

    /** The same kind of device with another index; CPUs have none. */
    public Device at(int other) {
        return switch (kind) {
            case CPU, REHEARSAL -> this;
            case AUTO, CUDA, TENSORRT -> new Device(kind, other);
        };
    }

    @Override
    public String toString() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return kind == Kind.CUDA || kind == Kind.TENSORRT || index > 0 ? name + ":" + index : name;
    }
}
