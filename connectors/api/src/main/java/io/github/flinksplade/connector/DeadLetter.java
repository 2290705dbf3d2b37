package io.github.flinksplade.connector;

/**
 * A record that could not be parsed, encoded or accepted by a target: the original, and why.
 *
 * @param origin the record as it was read
 * @param stage where it failed
 * @param target the target that refused it, or null
 * @param exceptionClass class name of the failure, under Kafka Connect's name for it
 * @param message one sentence: what was wrong
 */
public record DeadLetter(
        SourceRecord origin, Stage stage, String sink, String exceptionClass, String message) {

    /** Where a record can fail. */
    public enum Stage {
        PARSE,
        ENCODE,
        WRITE
    }

    /** Names of the headers (Kafka) or fields (files) that say why, those of Kafka Connect. */
    public static final String HEADER_TOPIC = "__connect.errors.topic";

    public static final String HEADER_PARTITION = "__connect.errors.partition";
    public static final String HEADER_OFFSET = "__connect.errors.offset";
    public static final String HEADER_STAGE = "__connect.errors.stage";
    public static final String HEADER_EXCEPTION_CLASS = "__connect.errors.exception.class.name";
    public static final String HEADER_EXCEPTION_MESSAGE = "__connect.errors.exception.message";
}
