package io.github.flinksplade.app.search;

/**
 * How the hits of a search are printed.
 *
 * @param runTag the last column of a TREC run
 * @param ids whether the text format contains ids
 * @param weakFraction in the text format, hits whose score is below this fraction of the best one's
 *     are printed below the line {@code weaker matches:}; 0 for none
 */
public record HitOutput(Format format, String runTag, boolean ids, double weakFraction) {

    /** The formats. */
    public enum Format {
        TEXT,
        JSON,
        TREC
    }

    /** All hits alike, with their ids. */
    public HitOutput(Format format, String runTag) {
        this(format, runTag, true, 0);
    }

    /** Text without ids. */
    public static HitOutput withoutIds(double weakFraction) {
        return new HitOutput(Format.TEXT, "", false, weakFraction);
    }
}
