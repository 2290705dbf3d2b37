package io.github.flinksplade.encoder;

import java.io.Serializable;
import java.util.Locale;

/**
 * Leaves out terms of little weight. Names and definitions are those of OpenSearch's sparse
 * pruning: {@code top_k} keeps the k largest weights, {@code abs_value} those at or above a
 * threshold, {@code max_ratio} those at or above a fraction of the largest, {@code alpha_mass} the
 * largest ones that together make up a fraction of the sum.
 *
 * @param type which rule
 * @param parameter its number; 0 for {@link Type#NONE}
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

    /** Keeps everything. */
    public static final Pruning NONE = new Pruning(Type.NONE, 0);

    /** {@code none}, or rule and number as in {@code top_k=200}; the form of {@code --prune}. */
    @Override
    public String toString() {
        if (type == Type.NONE) {
            return "none";
        }
        String number =
                type == Type.TOP_K ? Long.toString((long) parameter) : Double.toString(parameter);
        return type.name().toLowerCase(Locale.ROOT) + "=" + number;
    }
}
