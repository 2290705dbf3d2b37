package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.DeadLetter;
import java.util.Locale;

/**
 * Names of the accumulators (all {@link org.apache.flink.api.common.accumulators.LongCounter}) and,
 * where a metric counts the same, of that metric. An accumulator counts over all subtasks since the
 * job was last started or restored: after a failure it begins again at 0, and what is read a second
 * time after a failure is counted a second time. For what happened exactly once, ask the targets.
 */
public final class Counters {

    /** Records read from the sources. */
    public static final String READ = "read";

    /** Records that held a document. */
    public static final String PARSED = "parsed";

    /** Documents that repeat what was accepted last; nothing goes out for them. */
    public static final String SKIPPED = "skipped";

    /** Documents older than what was accepted or sent last; nothing goes out for them. */
    public static final String SUPERSEDED = "superseded";

    /**
     * Documents whose version equals that of the last one accepted, with other content; nothing
     * goes out for them.
     */
    public static final String EQUAL_VERSION = "equalVersion";

    /** Deletes of ids that the job knows no document of; they go out all the same. */
    public static final String DELETES_OF_UNKNOWN = "deletesOfUnknown";

    /** Changes of fields only, which go out with the vector sent last, without inference. */
    public static final String FIELDS_ONLY = "fieldsOnly";

    /** Repeated documents that go out again: a new target, a replay, or because all are to. */
    public static final String RESENT = "resent";

    /** Texts encoded. */
    public static final String ENCODED = "documents";

    /** Tokens of the texts encoded, before truncation. */
    public static final String TOKENS = "tokens";

    /** Texts encoded that were longer than the limit. */
    public static final String TRUNCATED = "truncated";

    /** Tokens that went through the model, padding not counted. */
    public static final String MODEL_TOKENS = "modelTokens";

    /**
     * Positions that went through the model, padding counted: the share of padding is 1 - {@link
     * #MODEL_TOKENS} / this.
     */
    public static final String MODEL_POSITIONS = "modelPositions";

    /** Dead letters of all stages. */
    public static final String DEAD_LETTERS = "deadLetters";

    /** 1 if all sources have ended and no record reached a sink, else 0. */
    public static final String ALL_REJECTED = "allRejected";

    private Counters() {}

    /**
     * Changes written to a target: accepted by a server, or handed to a sink that commits with the
     * next checkpoint.
     */
    public static String written(String sink) {
        return BatchDelivery.written(sink);
    }

    /** Changes that had been written to a target at the checkpoint that the job resumed from. */
    public static String restored(String sink) {
        return "restored." + sink;
    }

    /** Dead letters of one stage, such as {@code deadLetters.parse}. */
    public static String deadLetters(DeadLetter.Stage stage) {
        return DEAD_LETTERS + "." + stage.name().toLowerCase(Locale.ROOT);
    }
}
