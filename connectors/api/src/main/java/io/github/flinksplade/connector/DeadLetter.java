package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * A record that could not be parsed, encoded or written: the original and the reason.
 *
 * @param origin the record as it was read
 * @param stage where it failed
 * @param sink the sink that rejected it, or null
 * @param exceptionClass class name of the failure, as Kafka Connect records it
 * @param message what is wrong, in one sentence
 */
@PublicEvolving
public record DeadLetter(
        SourceRecord origin, Stage stage, String sink, String exceptionClass, String message) {

    /** The stages at which a record can fail. */
    public enum Stage {
        PARSE,
        ENCODE,
        WRITE
    }

    /** Kafka Connect's names of the headers (Kafka) or fields (files) that describe the failure. */
    public static final String HEADER_TOPIC = "__connect.errors.topic";

    public static final String HEADER_PARTITION = "__connect.errors.partition";
    public static final String HEADER_OFFSET = "__connect.errors.offset";
    public static final String HEADER_STAGE = "__connect.errors.stage";
    public static final String HEADER_EXCEPTION_CLASS = "__connect.errors.exception.class.name";
    public static final String HEADER_EXCEPTION_MESSAGE = "__connect.errors.exception.message";
}
