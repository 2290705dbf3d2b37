package io.github.flinksplade.connector;

/** How the value of a {@link SourceRecord} is to be read. All are UTF-8. */
public enum RecordFormat {
    /**
     * One JSON object: {@code id} (or the record's key), {@code text}, optional {@code version} and
     * {@code op}; every other field is kept. BEIR's {@code _id} and {@code title} are understood.
     */
    JSON,
    /** The value is the text, the record's key is the id. */
    TEXT,
    /** {@code id<TAB>text}, as MS MARCO has it. */
    TSV
}
