package io.github.flinksplade.serve;

import io.github.flinksplade.encoder.BatchListener;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * The metrics of a server, as Prometheus reads them. Names that begin with {@code te_} are those of
 * text-embeddings-inference and mean the same. docs/serve.md lists all.
 */
final class ServerMetrics implements BatchListener {

    private static final Set<String> EMBEDDING_PATHS = Set.of("/embed_sparse", "/");

    private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
    private final LongAdder inProgress = new LongAdder();
    private final Map<String, Histogram> requestDurations = new ConcurrentSkipListMap<>();
    private final Map<String, LongAdder> embeddings = new ConcurrentSkipListMap<>();
    private final Map<String, LongAdder> embeddingSuccesses = new ConcurrentSkipListMap<>();
    private final Map<String, LongAdder> embeddingFailures = new ConcurrentSkipListMap<>();
    private final Histogram embeddingDuration = Histogram.ofSeconds();
    private final Histogram queueDuration = Histogram.ofSeconds();
    private final Histogram inferenceDuration = Histogram.ofSeconds();
    private final Histogram inputLength = new Histogram(8, 16, 32, 64, 128, 256, 512, 1024, 8192);
    private final Histogram batchSize = new Histogram(1, 2, 4, 8, 16, 32, 64, 128, 256);
    private final Histogram batchTokens =
            new Histogram(16, 64, 256, 512, 1024, 2048, 4096, 8192, 16_384, 65_536);
    private final Map<String, LongSupplier> indexAvailability = new ConcurrentSkipListMap<>();
    private volatile LongSupplier queueSize = () -> 0;
    private volatile Set<String> paths = Set.of();

    /** Registers the paths that have their own label. */
    void paths(Set<String> known) {
        this.paths = known;
    }

    /** Registers the number of texts that wait for a batch. */
    void queueSize(LongSupplier size) {
        this.queueSize = size;
    }

    /** Registers whether an index is available: 1, or 0. */
    void index(String name, LongSupplier available) {
        indexAvailability.put(label("index", name), available);
    }

    /** A request was received; {@link #answered} follows. */
    void received() {
        inProgress.increment();
    }

    /** A request was answered. */
    void answered(String path, Answer answer, long nanos) {
        inProgress.decrement();
        String label = label("path", paths.contains(path) ? path : "other");
        increment(requests, label + "," + label("status", Integer.toString(answer.status())));
        requestDurations
                .computeIfAbsent(label, unused -> Histogram.ofSeconds())
                .observeNanos(nanos);
        if (answer.errorType() != null && EMBEDDING_PATHS.contains(path)) {
            String type = answer.errorType().json().toLowerCase(Locale.ROOT);
            increment(embeddingFailures, label("err", type));
        }
    }

    /**
     * A request was answered before an endpoint was called.
     *
     * @param path null if the request is not valid HTTP
     */
    void rejected(String path, Answer answer) {
        received();
        answered(path == null ? "other" : path, answer, 0);
    }

    /** A request of {@code /embed_sparse} was received. */
    void embedding(boolean batch) {
        increment(embeddings, method(batch));
    }

    /** It was answered with vectors. */
    void embedded(boolean batch, long nanos) {
        increment(embeddingSuccesses, method(batch));
        embeddingDuration.observeNanos(nanos);
    }

    /** A text was encoded. */
    void text(int tokens) {
        inputLength.observe(tokens);
    }

    @Override
    public void started(long waitedNanos) {
        queueDuration.observeNanos(waitedNanos);
    }

    @Override
    public void finished(int texts, long tokens, long paddedTokens, long nanos) {
        batchSize.observe(texts);
        batchTokens.observe(paddedTokens);
        inferenceDuration.observeNanos(nanos);
    }

    private static String method(boolean batch) {
        return label("method", batch ? "batch" : "single");
    }

    private static void increment(Map<String, LongAdder> counters, String labels) {
        counters.computeIfAbsent(labels, unused -> new LongAdder()).increment();
    }

    private static String label(String name, String value) {
        return name
                + "=\""
                + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                + "\"";
    }

    static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /** All metrics in Prometheus's text format, version 0.0.4. */
    String text() {
        StringBuilder text = new StringBuilder();
        counters(text, "te_request_count", "Requests of /embed_sparse", embeddings);
        counters(text, "te_request_success", "Those answered with vectors", embeddingSuccesses);
        counters(text, "te_request_failure", "Those answered with an error", embeddingFailures);
        histogram(text, "te_request_duration", "Seconds of a request", embeddingDuration);
        histogram(
                text,
                "te_request_queue_duration",
                "Seconds from the arrival of a text to its batch, tokenization included",
                queueDuration);
        histogram(
                text,
                "te_request_inference_duration",
                "Seconds of a batch in the model",
                inferenceDuration);
        histogram(text, "te_request_input_length", "Tokens of a text", inputLength);
        histogram(text, "te_batch_next_size", "Texts of a batch", batchSize);
        histogram(text, "te_batch_next_tokens", "Tokens of a batch, padding included", batchTokens);
        head(text, "te_queue_size", "Texts that wait for a batch", "gauge");
        text.append("te_queue_size ").append(queueSize.getAsLong()).append('\n');
        counters(text, "splade_http_requests_total", "Requests by path and status", requests);
        head(text, "splade_http_requests_in_progress", "Requests without an answer yet", "gauge");
        text.append("splade_http_requests_in_progress ").append(inProgress.sum()).append('\n');
        head(text, "splade_http_request_duration_seconds", "Seconds of a request", "histogram");
        requestDurations.forEach(
                (labels, histogram) ->
                        histogram.write(text, "splade_http_request_duration_seconds", labels));
        if (!indexAvailability.isEmpty()) {
            head(text, "splade_index_available", "1 if the index can be searched", "gauge");
            indexAvailability.forEach(
                    (labels, available) ->
                            text.append("splade_index_available{")
                                    .append(labels)
                                    .append("} ")
                                    .append(available.getAsLong())
                                    .append('\n'));
        }
        return text.toString();
    }

    private static void head(StringBuilder text, String name, String help, String type) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static void counters(
            StringBuilder text, String name, String help, Map<String, LongAdder> counters) {
        head(text, name, help, "counter");
        counters.forEach(
                (labels, count) ->
                        text.append(name)
                                .append('{')
                                .append(labels)
                                .append("} ")
                                .append(count.sum())
                                .append('\n'));
    }

    private static void histogram(
            StringBuilder text, String name, String help, Histogram histogram) {
        head(text, name, help, "histogram");
        histogram.write(text, name, "");
    }
}
