package io.github.flinksplade.encoder;

/** The arithmetic of a model's matrix products. */
public enum Precision {
    /** Whatever the graph itself computes in, 32 bits as a rule: the vectors of the formula. */
    FP32,
    /**
     * Products of 8-bit integers on a CPU: weights with a scale for each column, activations with a
     * scale for each text, so that a vector does not depend on its neighbours. What is no product
     * stays in 32 bits.
     */
    INT8,
    /**
     * Everything in 16-bit floats but what is summed over many numbers: for GPUs. A CPU computes it
     * too, more slowly than in 32 bits.
     */
    FP16;

    /**
     * A precision by its name: {@code fp32}, {@code int8} or {@code fp16}.
     *
     * @throws IllegalArgumentException with what may be written
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
