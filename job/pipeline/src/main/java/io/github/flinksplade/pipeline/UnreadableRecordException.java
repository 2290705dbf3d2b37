package io.github.flinksplade.pipeline;

/**
 * A record contains no document. The message states what is wrong with it: a summary, which is the
 * same for all records of a kind, and the value in this one.
 */
public class UnreadableRecordException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What is wrong, in categories for metrics. */
    public enum Reason {
        /** Larger than {@link PipelineOptions#maxRecordBytes()}. */
        TOO_LARGE("Raise max-record-size, or split the document."),
        /** Not valid UTF-8. */
        NOT_UTF8("Convert the source to UTF-8."),
        /** Not a single JSON object, or a TSV line without a tab. */
        MALFORMED(
                "Each record must be one document in the source's format; choose another one with"
                        + " the option format of the source's URI."),
        /** No valid id, neither in the value nor as key. */
        ID(
                "A document needs an id: a string or integer in the field \"id\" or \"_id\", or the"
                        + " record's key."),
        /** {@code text} is missing or not a string. */
        TEXT(
                "If the text has another name, rename its field to \"text\"; if it is nested, move"
                        + " it to the top level of the document."),
        /** The version is not an integer from 0 to 2^62 - 2. */
        VERSION(
                "A version must be an integer that grows with each change of a document. If this"
                        + " field is not one, add version=none to the source's URI, or version=NAME"
                        + " to use another field."),
        /** {@code op} is neither {@code upsert} nor {@code delete}. */
        OP("Omit \"op\" for documents, and write \"delete\" for deletes.");

        private final String hint;

        Reason(String hint) {
            this.hint = hint;
        }

        /** What to do about it, as sentences. */
        public String hint() {
            return hint;
        }
    }

    private final Reason reason;
    private final String summary;
    private final String detail;

    /**
     * @param summary what is wrong, without values of this record
     * @param detail the value in this record; null if the summary is complete
     */
    public UnreadableRecordException(Reason reason, String summary, String detail) {
        super(detail == null ? summary : summary + ": " + detail);
        this.reason = reason;
        this.summary = summary;
        this.detail = detail;
    }

    public Reason reason() {
        return reason;
    }

    /** What is wrong, without the values of this record. */
    public String summary() {
        return summary;
    }

    /** The value in this record, or null. */
    public String detail() {
        return detail;
    }
}
