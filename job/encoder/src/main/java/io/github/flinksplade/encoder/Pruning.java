package io.github.flinksplade.encoder;

import io.github.flinksplade.vector.SparseVector;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;

/**
 * Removes terms with small weights. Names and definitions are those of OpenSearch's sparse pruning,
 * and as there the arithmetic is single precision:
 *
 * <ul>
 *   <li>{@code top_k}: the k largest weights;
 *   <li>{@code abs_value}: the weights at or above a threshold;
 *   <li>{@code max_ratio}: the weights at or above a fraction of the largest;
 *   <li>{@code alpha_mass}: the largest weights, as long as their running sum is at or below a
 *       fraction of the sum of all. The weight that would exceed the fraction is removed, so a
 *       vector whose largest weight alone exceeds it becomes empty.
 * </ul>
 *
 * <p>Of equal weights the term with the lower id comes first, so that the result is deterministic.
 *
 * @param type the rule
 * @param parameter an integer of at least 1 for {@code top_k}, at least 0 for {@code abs_value}, at
 *     least 0 and below 1 for {@code max_ratio} and {@code alpha_mass}, 0 for {@link Type#NONE}
 */
public record Pruning(Type type, double parameter) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The rules. */
    public enum Type {
        NONE,
        TOP_K,
        ABS_VALUE,
        MAX_RATIO,
        ALPHA_MASS
    }

    /** Keeps all terms. */
    public static final Pruning NONE = new Pruning(Type.NONE, 0);

    public Pruning {
        String rule =
                switch (type) {
                    case NONE -> parameter == 0 ? null : "has no parameter";
                    case TOP_K ->
                            parameter >= 1
                                            && parameter <= Integer.MAX_VALUE
                                            && parameter == Math.rint(parameter)
                                    ? null
                                    : "requires an integer of at least 1";
                    case ABS_VALUE ->
                            parameter >= 0 && parameter <= Float.MAX_VALUE
                                    ? null
                                    : "requires a number of at least 0";
                    case MAX_RATIO, ALPHA_MASS ->
                            parameter >= 0 && (float) parameter < 1
                                    ? null
                                    : "requires a number of at least 0 and below 1";
                };
        if (rule != null) {
            throw new IllegalArgumentException(
                    "pruning " + name(type) + " " + rule + ", not " + parameter);
        }
    }

    /**
     * Parses {@code none}, {@code top_k=200}, {@code abs_value=0.1}, {@code max_ratio=0.1} or
     * {@code alpha_mass=0.9}.
     *
     * @throws IllegalArgumentException if the rule is invalid; the message lists the valid ones
     */
    public static Pruning parse(String text) {
        String rule = text.strip();
        if (rule.equalsIgnoreCase("none")) {
            return NONE;
        }
        int equals = rule.indexOf('=');
        for (Type type : Type.values()) {
            if (type != Type.NONE
                    && equals > 0
                    && rule.substring(0, equals).strip().equalsIgnoreCase(name(type))) {
                String number = rule.substring(equals + 1).strip();
                // Double.parseDouble alone would accept "0x1p3", "1f" and "NaN"
                if (!number.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?")) {
                    throw new IllegalArgumentException(
                            "'" + number + "' in pruning '" + text + "' is not a number");
                }
                return new Pruning(type, Double.parseDouble(number));
            }
        }
        throw new IllegalArgumentException(
                "unknown pruning '"
                        + text
                        + "'; write none, top_k=N, abs_value=X, max_ratio=X or alpha_mass=X");
    }

    /** Returns the vector without the terms that the rule removes; weights are unchanged. */
    public SparseVector apply(SparseVector vector) {
        return switch (type) {
            case NONE -> vector;
            case TOP_K -> topK(vector, (int) parameter);
            case ABS_VALUE -> atLeast(vector, (float) parameter);
            case MAX_RATIO -> atLeast(vector, (float) parameter * largest(vector));
            case ALPHA_MASS -> alphaMass(vector, (float) parameter);
        };
    }

    private static SparseVector topK(SparseVector vector, int k) {
        if (vector.size() <= k) {
            return vector;
        }
        return keep(vector, vector.byWeight(), k);
    }

    private static SparseVector atLeast(SparseVector vector, float threshold) {
        int kept = 0;
        int[] indices = new int[vector.size()];
        float[] values = new float[vector.size()];
        for (int i = 0; i < vector.size(); i++) {
            if (vector.values()[i] >= threshold) {
                indices[kept] = vector.indices()[i];
                values[kept++] = vector.values()[i];
            }
        }
        return kept == vector.size()
                ? vector
                : new SparseVector(Arrays.copyOf(indices, kept), Arrays.copyOf(values, kept));
    }

    private static SparseVector alphaMass(SparseVector vector, float alpha) {
        double sum = 0;
        for (float value : vector.values()) {
            sum += value;
        }
        float max = alpha * (float) sum;
        int[] order = vector.byWeight();
        float running = 0;
        int kept = 0;
        while (kept < order.length) {
            running += vector.values()[order[kept]];
            if (!(running <= max)) {
                break;
            }
            kept++;
        }
        return keep(vector, order, kept);
    }

    private static float largest(SparseVector vector) {
        float largest = 0;
        for (float value : vector.values()) {
            largest = Math.max(largest, value);
        }
        return largest;
    }

    private static SparseVector keep(SparseVector vector, int[] order, int count) {
        int[] positions = Arrays.copyOf(order, count);
        Arrays.sort(positions);
        int[] indices = new int[count];
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            indices[i] = vector.indices()[positions[i]];
            values[i] = vector.values()[positions[i]];
        }
        return new SparseVector(indices, values);
    }

    private static String name(Type type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /** {@code none}, or rule and parameter as in {@code top_k=200}, as {@link #parse} reads it. */
    @Override
    public String toString() {
        if (type == Type.NONE) {
            return "none";
        }
        String number =
                type == Type.TOP_K ? Long.toString((long) parameter) : Double.toString(parameter);
        return name(type) + "=" + number;
    }
}
