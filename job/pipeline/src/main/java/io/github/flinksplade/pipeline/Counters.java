package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.DeadLetter;
import java.util.Locale;

/**
 * Names of the accumulators (all {@link org.apache.flink.api.common.accumulators.LongCounter}). An
 * accumulator counts over all subtasks since the job was last started or restored: after a failure
 * it starts at 0, and records that are read again are counted again. Exact numbers of documents are
 * in the targets.
 */
public final class Counters {

    /** Records read from the sources. */
    public static final String READ = "read";

    /** Records that contained a document. */
    public static final String PARSED = "parsed";

    /** Documents skipped because they repeat the last one accepted. */
    public static final String SKIPPED = "skipped";

    /** Documents dropped because a newer one was accepted or emitted before. */
    public static final String SUPERSEDED = "superseded";

    /** Documents dropped because the last one accepted has the same version, with other content. */
    public static final String EQUAL_VERSION = "equalVersion";

    /** Deletes of ids without a known document; they are written anyway. */
    public static final String DELETES_OF_UNKNOWN = "deletesOfUnknown";

    /** Changes of fields only, which are written with the stored vector, without inference. */
    public static final String FIELDS_ONLY = "fieldsOnly";

    /** Unchanged documents written again: for a new sink, a replay or a reindex. */
    public static final String REINDEXED = "reindexed";

    /** Texts encoded. */
    public static final String ENCODED = "documents";

    /** Tokens of the texts encoded, before truncation. */
    public static final String TOKENS = "tokens";

    /** Encoded texts that were longer than the limit. */
    public static final String TRUNCATED = "truncated";

    /** Tokens of these texts after the limit, which were not encoded. */
    public static final String TRUNCATED_TOKENS = "truncatedTokens";

    /** Tokens that the model processed, without padding. */
    public static final String MODEL_TOKENS = "modelTokens";

    /**
     * Tokens that the model processed, with padding: the share of padding is 1 - {@link
     * #MODEL_TOKENS} / this.
     */
    public static final String MODEL_PADDED_TOKENS = "modelPaddedTokens";

    /** Dead letters of all stages. */
    public static final String DEAD_LETTERS = "deadLetters";

    /** 1 if all sources have ended and no record reached a sink, otherwise 0. */
    public static final String ALL_REJECTED = "allRejected";

    private Counters() {}

    /**
     * Changes written to a sink: accepted by a server, or passed to a sink that commits with the
     * next checkpoint.
     */
    public static String written(String sink) {
        return BatchDelivery.written(sink);
    }

    /** Changes written to a sink until the checkpoint from which the job resumed. */
    public static String restored(String sink) {
        return "restored." + sink;
    }

    /** Dead letters of one stage, such as {@code deadLetters.parse}. */
    public static String deadLetters(DeadLetter.Stage stage) {
        return DEAD_LETTERS + "." + stage.name().toLowerCase(Locale.ROOT);
    }
}
