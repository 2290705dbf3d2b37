package io.github.flinksplade.pipeline;

/** A record holds no document. The message is one sentence that says what is wrong with it. */
public class UnreadableRecordException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What is wrong, in few kinds, for counting. */
    public enum Reason {
        /** Larger than {@link PipelineOptions#maxRecordBytes()}. */
        TOO_LARGE,
        /** Not valid UTF-8. */
        NOT_UTF8,
        /** Not one single JSON object, or a TSV line without a tab. */
        MALFORMED,
        /** No usable id, neither in the value nor as key. */
        ID,
        /** {@code text} is missing or no string. */
        TEXT,
        /** {@code version} is no integer from 0 to 2^62 - 2. */
        VERSION,
        /** {@code op} is neither {@code upsert} nor {@code delete}. */
        OP
    }

    private final Reason reason;

    public UnreadableRecordException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public UnreadableRecordException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
