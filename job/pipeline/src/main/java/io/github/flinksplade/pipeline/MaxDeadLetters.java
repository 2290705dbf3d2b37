package io.github.flinksplade.pipeline;

import java.io.Serializable;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many dead letters a job may have before it fails: a number, or a percentage of the records
 * read. Both count over the whole job, over restarts too, since its sources were last read from
 * their beginning. A record that two sinks reject is two dead letters.
 *
 * @param count the max number; {@link Long#MAX_VALUE} if there is none
 * @param percent the max percentage of the records read, which is checked when {@link #MIN_RECORDS}
 *     records were read and at the end of the sources; {@link Double#POSITIVE_INFINITY} if there is
 *     none
 */
public record MaxDeadLetters(long count, double percent) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** No limit. */
    public static final MaxDeadLetters NONE =
            new MaxDeadLetters(Long.MAX_VALUE, Double.POSITIVE_INFINITY);

    /** A percentage of fewer records says little, unless there are no more. */
    public static final long MIN_RECORDS = 100;

    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final Pattern PERCENTAGE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%");

    /**
     * Reads {@code none}, a number such as {@code 100}, or a percentage such as {@code 5 %}.
     *
     * @throws IllegalArgumentException if it is none of these
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
     * Whether so many dead letters are too many.
     *
     * @param read records read
     * @param all whether these are all records that there are
     */
    public boolean isExceededBy(long deadLetters, long read, boolean all) {
        return deadLetters > count
                || (all || read >= MIN_RECORDS) && deadLetters * 100.0 > percent * read;
    }

    /** As {@link #parse} reads it. */
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
