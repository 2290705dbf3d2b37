package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.util.TimeUtils;

/**
 * The format of durations and sizes in all options and settings: that of Flink, except that a
 * duration needs a unit, because a bare number is milliseconds in Flink and seconds to most
 * readers.
 */
@PublicEvolving
public final class Quantities {

    private Quantities() {}

    /**
     * Parses a duration: a number and a unit ({@code ms}, {@code s}, {@code min}, {@code h}, {@code
     * d} and Flink's other spellings of these).
     *
     * @throws IllegalArgumentException with an example if the text is invalid
     */
    public static Duration duration(String text) {
        if (text.isBlank() || text.strip().matches("\\d+")) {
            throw invalidDuration(text, null);
        }
        try {
            return TimeUtils.parseDuration(text);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw invalidDuration(text, e);
        }
    }

    private static IllegalArgumentException invalidDuration(String text, RuntimeException cause) {
        return new IllegalArgumentException(
                "'"
                        + text
                        + "' is not a duration. Write a number and a unit, such as 10 s, 500 ms or"
                        + " 5 min",
                cause);
    }

    /**
     * Parses a size: a number of bytes, or a number and a unit ({@code kb}, {@code mb}, {@code gb}
     * and Flink's other spellings of these), each 1,024 times the one before.
     *
     * @return bytes
     * @throws IllegalArgumentException with an example if the text is invalid
     */
    public static long bytes(String text) {
        try {
            return MemorySize.parse(text).getBytes();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not a size. Write bytes, or a number and a unit, such as 16 mb",
                    e);
        }
    }

    /** The duration in the form that {@link #duration} parses, in the largest unit that fits. */
    public static String format(Duration duration) {
        return TimeUtils.formatWithHighestUnit(duration);
    }

    /** The size in the form that {@link #bytes} parses, in the largest unit that fits. */
    public static String format(long bytes) {
        return new MemorySize(bytes).toString();
    }
}
