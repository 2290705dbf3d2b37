package io.github.flinksplade.pipeline;

import java.io.Serializable;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The max number of dead letters before a job fails: a number, or a percentage of the records read.
 * Both are counted over the whole job, including restarts, since its sources were last read from
 * their beginning. A record that two sinks reject counts as two dead letters.
 *
 * @param count the max number; {@link Long#MAX_VALUE} if there is none
 * @param percent the max percentage of the records read, which is checked after {@link
 *     #MIN_RECORDS} records and at the end of the sources; {@link Double#POSITIVE_INFINITY} if
 *     there is none
 */
public record MaxDeadLetters(long count, double percent) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** No limit. */
    public static final MaxDeadLetters NONE =
            new MaxDeadLetters(Long.MAX_VALUE, Double.POSITIVE_INFINITY);

    /** The min number of records for a percentage, unless the sources have ended. */
    public static final long MIN_RECORDS = 100;

    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final Pattern PERCENTAGE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%");

    /**
     * Parses {@code none}, a number such as {@code 100}, or a percentage such as {@code 5 %}.
     *
     * @throws IllegalArgumentException if the text is invalid
     */
    public static MaxDeadLetters parse(String text) {
        String trimmed = text.strip();
        if (trimmed.equals("none")) {
            return NONE;
        }
        if (NUMBER.matcher(trimmed).matches()) {
            return new MaxDeadLetters(Long.parseLong(trimmed), Double.POSITIVE_INFINITY);
        }
        Matcher percentage = PERCENTAGE.matcher(trimmed);
        if (percentage.matches() && Double.parseDouble(percentage.group(1)) <= 100) {
            return new MaxDeadLetters(Long.MAX_VALUE, Double.parseDouble(percentage.group(1)));
        }
        throw new IllegalArgumentException(
                "'"
                        + text
                        + "' is not a number of dead letters. Write a number such as 100, a"
                        + " percentage of the records read such as '5 %', or none");
    }

    /**
     * Whether a job has too many dead letters.
     *
     * @param read records read
     * @param isComplete whether all records were read
     */
    public boolean isExceededBy(long deadLetters, long read, boolean isComplete) {
        return deadLetters > count
                || (isComplete || read >= MIN_RECORDS) && deadLetters * 100.0 > percent * read;
    }

    /** The text that {@link #parse} accepts. */
    @Override
    public String toString() {
        if (count != Long.MAX_VALUE) {
            return Long.toString(count);
        }
        if (Double.isInfinite(percent)) {
            return "none";
        }
        return percent == Math.rint(percent)
                ? String.format(Locale.ROOT, "%.0f %%", percent)
                : percent + " %";
    }
}
