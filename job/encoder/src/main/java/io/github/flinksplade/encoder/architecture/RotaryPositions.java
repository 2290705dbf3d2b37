package io.github.flinksplade.encoder.architecture;

import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.util.List;

/**
 * Rotary position embeddings (Su et al.: "RoFormer", 2021) as the transformers library applies
 * them: with each vector x of a head divided into halves a and b, x cos + (-b, a) sin, where the
 * angle of element k and of element k + d / 2 is position times the frequency k.
 */
final class RotaryPositions {

    private final GraphParts parts;
    private final String cosines;
    private final String sines;
    private final int headWidth;

    /**
     * @param name of the tables, unique for these frequencies
     * @param frequencies one for each pair of elements
     * @param positions the max number of tokens
     */
    RotaryPositions(GraphParts parts, String name, double[] frequencies, int positions) {
        this.parts = parts;
        this.headWidth = 2 * frequencies.length;
        float[] cos = new float[positions * headWidth];
        float[] sin = new float[positions * headWidth];
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < headWidth; i++) {
                // the library computes frequencies and angles in fp32
                float angle = position * (float) frequencies[i % frequencies.length];
                cos[position * headWidth + i] = (float) Math.cos(angle);
                sin[position * headWidth + i] = (float) Math.sin(angle);
            }
        }
        this.cosines = parts.firstRows(parts.floats(name + " cos", cos, positions, headWidth));
        this.sines = parts.firstRows(parts.floats(name + " sin", sin, positions, headWidth));
    }

    /** {@code base^(-2k / d)} for each k below d / 2. */
    static double[] frequencies(double base, int headWidth) {
        double[] frequencies = new double[headWidth / 2];
        for (int k = 0; k < frequencies.length; k++) {
            frequencies[k] = Math.pow(base, -2.0 * k / headWidth);
        }
        return frequencies;
    }

    /** Rotates [batch, heads, tokens, headWidth]. */
    String rotate(String x) {
        String first = parts.graph().slice(x, 3, 0, headWidth / 2);
        String second = parts.graph().slice(x, 3, headWidth / 2, headWidth);
        String turned =
                parts.node(
                        "Concat",
                        List.of(parts.node("Neg", second), first),
                        GraphBuilder.attribute("axis", 3));
        return parts.node("Add", parts.node("Mul", x, cosines), parts.node("Mul", turned, sines));
    }
}
