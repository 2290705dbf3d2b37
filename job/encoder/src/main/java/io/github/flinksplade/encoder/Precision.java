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
    INT8
}
