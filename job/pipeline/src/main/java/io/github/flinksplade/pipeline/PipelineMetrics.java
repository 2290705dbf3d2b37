package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.JobMetric;
import java.util.List;

/**
 * The metrics of the operators between sources and sinks. Those of sinks are {@link
 * io.github.flinksplade.connector.SinkMetrics}.
 */
public final class PipelineMetrics {

    private static final List<String> NO_LABELS = List.of();
    private static final List<String> SOURCE = List.of("source");
    private static final List<String> MODEL = List.of("model");

    public static final JobMetric READ =
            JobMetric.counter("numRecordsIn", "records", SOURCE, "Records read from the source.");
    public static final JobMetric READ_ERRORS =
            JobMetric.counter(
                    "numRecordsInErrors",
                    "records",
                    SOURCE,
                    "Records that contain no valid document. Each is a dead letter.");

    public static final JobMetric SKIPPED =
            JobMetric.counter(
                    "numDocumentsSkipped",
                    "documents",
                    NO_LABELS,
                    "Documents skipped because they are unchanged.");
    public static final JobMetric SUPERSEDED =
            JobMetric.counter(
                    "numDocumentsSuperseded",
                    "documents",
                    NO_LABELS,
                    "Documents dropped because a newer version of their id was accepted before.");
    public static final JobMetric EQUAL_VERSION =
            JobMetric.counter(
                    "numDocumentsEqualVersion",
                    "documents",
                    NO_LABELS,
                    "Documents dropped because the last one of their id has the same version and"
                            + " other content.");
    public static final JobMetric DELETES_OF_UNKNOWN =
            JobMetric.counter(
                    "numDeletesOfUnknown",
                    "documents",
                    NO_LABELS,
                    "Deletes of ids without a known document, which are written anyway.");
    public static final JobMetric FIELDS_ONLY =
            JobMetric.counter(
                    "numDocumentsFieldsOnly",
                    "documents",
                    NO_LABELS,
                    "Documents of which only fields have changed, written without inference.");
    public static final JobMetric REINDEXED =
            JobMetric.counter(
                    "numDocumentsReindexed",
                    "documents",
                    NO_LABELS,
                    "Unchanged documents written again: for a new sink, a replay or `--reindex`.");

    public static final JobMetric BYTES_IN_FLIGHT =
            JobMetric.gauge(
                    "bytesInFlight",
                    "bytes",
                    NO_LABELS,
                    "Bytes of the records in the encoder, at most `max-bytes-in-flight`.");
    public static final JobMetric ENCODED =
            JobMetric.counter(
                    "numTextsEncoded",
                    "texts",
                    NO_LABELS,
                    "Texts encoded: documents, or their passages.");
    public static final JobMetric TOKENS =
            JobMetric.counter(
                    "numTokensEncoded",
                    "tokens",
                    NO_LABELS,
                    "Tokens of the encoded texts, before truncation.");
    public static final JobMetric TRUNCATED =
            JobMetric.counter(
                    "numTextsTruncated",
                    "texts",
                    NO_LABELS,
                    "Encoded texts that were longer than the token limit.");
    public static final JobMetric TRUNCATED_TOKENS =
            JobMetric.counter(
                    "numTokensTruncated",
                    "tokens",
                    NO_LABELS,
                    "Tokens of these texts after the limit, which were not encoded.");

    public static final JobMetric BATCH_SIZE =
            JobMetric.histogram("batchSize", "texts", MODEL, "Texts per batch of the model.");
    public static final JobMetric PADDING =
            JobMetric.histogram(
                    "paddingPercent",
                    "%",
                    MODEL,
                    "The share of padding in the tokens of a batch; 0 on a CPU.");
    public static final JobMetric QUEUE_TIME =
            JobMetric.histogram(
                    "queueMillis",
                    "ms",
                    MODEL,
                    "The time from the submission of a text to the start of its batch, including"
                            + " tokenization.");
    public static final JobMetric INFERENCE_TIME =
            JobMetric.histogram(
                    "inferenceMillis", "ms", MODEL, "The time of a batch in the model.");
    public static final JobMetric QUEUE_LENGTH =
            JobMetric.gauge(
                    "queueLength", "texts", MODEL, "Tokenized texts that wait for a batch.");
    public static final JobMetric BATCH_TOKENS_LIMIT =
            JobMetric.gauge(
                    "maxBatchTokens",
                    "tokens",
                    MODEL,
                    "The max tokens of a batch at this moment. On a GPU it is halved when a batch"
                            + " runs out of memory, and grows again.");
    public static final JobMetric MODEL_INFO =
            JobMetric.gauge(
                    "info",
                    "",
                    List.of("model", "fingerprint", "precision", "device"),
                    "Always 1. The labels name the open model, the fingerprint that the targets"
                            + " store, its precision and its device.");

    public static final JobMetric DEAD_LETTERS =
            JobMetric.counter(
                    "numDeadLetters",
                    "records",
                    List.of("stage", "reason"),
                    "Dead letters by stage (`parse`, `encode` or `write`) and reason. A reason"
                            + " appears with its first dead letter.");

    /** The metrics of each source. */
    public static final List<JobMetric> OF_SOURCES = List.of(READ, READ_ERRORS);

    /** The metrics of the operators between sources and sinks. */
    public static final List<JobMetric> OF_DOCUMENTS =
            List.of(
                    SKIPPED,
                    SUPERSEDED,
                    EQUAL_VERSION,
                    DELETES_OF_UNKNOWN,
                    FIELDS_ONLY,
                    REINDEXED,
                    BYTES_IN_FLIGHT,
                    ENCODED,
                    TOKENS,
                    TRUNCATED,
                    TRUNCATED_TOKENS,
                    DEAD_LETTERS);

    /** The metrics of the engine that the subtasks of a process share, reported by one of them. */
    public static final List<JobMetric> OF_ENGINES =
            List.of(
                    BATCH_SIZE,
                    PADDING,
                    QUEUE_TIME,
                    INFERENCE_TIME,
                    QUEUE_LENGTH,
                    BATCH_TOKENS_LIMIT,
                    MODEL_INFO);

    private PipelineMetrics() {}
}
