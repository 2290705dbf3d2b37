package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * A record contains no document. The message states what is wrong with it: a summary, which is the
 * same for all records of a kind, and the value in this one.
 */
@PublicEvolving
public final class InvalidRecordException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What is wrong, in categories for metrics. */
    public enum Reason {
        /** Larger than the setting {@code max-record-size}, or than a connector's own limit. */
        TOO_LARGE("Raise max-record-size, or split the document."),
        /** Not valid in its character encoding. */
        NOT_UTF8(
                "Convert the source to UTF-8, or write its encoding in the option charset of a"
                        + " file's URI."),
        /** Not a value of the source's format. */
        MALFORMED(
                "Each record must be one document in the source's format. Choose another one with"
                        + " the option format of the source's URI."),
        /** No valid id, neither in the value nor in the key. */
        ID(
                "A document needs an id, a string or an integer: in the field \"id\" or \"_id\", or"
                        + " as the record's key. If it has another name, add id=NAME to the source's"
                        + " URI."),
        /** The text is missing or not a string. */
        TEXT(
                "If the text has another name, add text=NAME to the source's URI; several fields"
                        + " are text=title,body, and a nested one is text=/product/name."),
        /** The version is not an integer from 0 to 2^62 - 2. */
        VERSION(
                "A version must be an integer that grows with each change of a document. If this"
                        + " field is not one, add version=none to the source's URI, or version=NAME"
                        + " to use another field."),
        /** It is not known whether the record is a document or a delete. */
        OP(
                "Omit \"op\" for documents, and write \"delete\" for deletes. If this field"
                        + " means something else, add op=none to the source's URI."),
        /** The schema of the record is unknown. */
        SCHEMA("Register the schema that the record was written with, and replay the record.");

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
    public InvalidRecordException(Reason reason, String summary, String detail) {
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
