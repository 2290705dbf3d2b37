package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The format of a source's records. A document is then read from the decoded value by the mapping
 * of the job, which is the same for all formats.
 *
 * @param value decodes values
 * @param key decodes keys; a tombstone has only a key
 * @param envelope what the decoded value contains
 * @param isTyped whether values have types, as in JSON; if not, as in CSV, an empty string means
 *     that the value is missing, and integers may be strings
 */
@PublicEvolving
public record RecordFormat(
        RecordDecoder value, RecordDecoder key, Envelope envelope, boolean isTyped)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** What a decoded value contains. */
    public enum Envelope {
        /** The document. */
        NONE,
        /** A change event of Debezium, with or without the schema of Kafka Connect. */
        DEBEZIUM,
        /** A message of Maxwell's daemon. */
        MAXWELL,
        /** A flat message of Canal, which may contain several rows. */
        CANAL
    }

    /** Each value is a JSON object, each key a string. */
    public static final RecordFormat JSON = of(TextDecoder.JSON);

    /** Each value is a text, each key an id. */
    public static final RecordFormat TEXT = of(TextDecoder.DOCUMENT);

    /** Each value is {@code id<TAB>text}, the format of MS MARCO. */
    public static final RecordFormat TSV = of(TextDecoder.TSV);

    /** A format with types, whose keys are strings and whose values are documents. */
    public static RecordFormat of(RecordDecoder value) {
        return new RecordFormat(value, TextDecoder.STRING, Envelope.NONE, true);
    }

    /** The same format with other keys. */
    public RecordFormat withKey(RecordDecoder decoder) {
        return new RecordFormat(value, decoder, envelope, isTyped);
    }

    /** The same format with values in an envelope. */
    public RecordFormat withEnvelope(Envelope newEnvelope) {
        return new RecordFormat(value, key, newEnvelope, isTyped);
    }

    /** The same format without types. */
    public RecordFormat untyped() {
        return new RecordFormat(value, key, envelope, false);
    }
}
