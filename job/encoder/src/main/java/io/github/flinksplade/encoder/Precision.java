package io.github.flinksplade.encoder;

/** The arithmetic of a model's matrix multiplications. */
public enum Precision {
    /** The arithmetic of the graph itself, usually fp32. */
    FP32,
    /**
     * 8-bit integers on a CPU: weights with a scale per column, activations with a scale per text,
     * so that a vector does not depend on the other texts of its batch. All other operators remain
     * fp32.
     */
    INT8,
    /**
     * 16-bit floats for everything except sums over many values; for GPUs. A CPU supports it too,
     * but more slowly than fp32.
     */
    FP16;

    /**
     * Parses {@code fp32}, {@code int8} or {@code fp16}.
     *
     * @throws IllegalArgumentException if the name is invalid; the message lists the valid ones
     */
    public static Precision parse(String name) {
        return switch (name) {
            case "fp32" -> FP32;
            case "int8" -> INT8;
            case "fp16" -> FP16;
            default ->
                    throw new IllegalArgumentException(
                            "unknown precision '" + name + "'; write fp32, int8 or fp16");
        };
    }
}
