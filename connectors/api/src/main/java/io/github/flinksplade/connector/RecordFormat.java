package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** The format of the value of a {@link SourceRecord}, in UTF-8. */
@PublicEvolving
public enum RecordFormat {
    /**
     * One JSON object: {@code id} (or the record's key), {@code text}, optional {@code version} and
     * {@code op}; every other field is stored. BEIR's {@code _id} and {@code title} are supported.
     */
    JSON,
    /** The value is the text, the record's key is the id. */
    TEXT,
    /** {@code id<TAB>text}, the format of MS MARCO. */
    TSV
}
