package io.github.flinksplade.serve;

import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Role;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** The endpoints that describe the server. */
final class InfoEndpoints {

    private InfoEndpoints() {}

    /** {@code GET /health}: the server accepts requests. */
    static Endpoint health() {
        Answer answer = Answer.of(200, "text/plain; charset=utf-8", new byte[0]);
        return body -> CompletableFuture.completedFuture(answer);
    }

    /** {@code GET /metrics}. */
    static Endpoint metrics(ServerMetrics metrics) {
        return body ->
                CompletableFuture.completedFuture(
                        Answer.of(
                                200,
                                "text/plain; version=0.0.4; charset=utf-8",
                                metrics.text().getBytes(StandardCharsets.UTF_8)));
    }

    /** {@code GET /info}, with the fields of text-embeddings-inference. */
    static Endpoint info(
            Supplier<BatchingEncoder> encoders, ServeOptions options, Executor workers) {
        return body -> CompletableFuture.supplyAsync(() -> info(encoders.get(), options), workers);
    }

    private static Answer info(BatchingEncoder encoder, ServeOptions options) {
        ModelInfo model = encoder.info();
        Role role = options.role();
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("model_id", model.name());
                    json.writeStringField("model_sha", model.sha256());
                    json.writeStringField("model_dtype", dtype(model.precision()));
                    json.writeObjectFieldStart("model_type");
                    json.writeObjectFieldStart("embedding");
                    json.writeStringField("pooling", "splade");
                    json.writeEndObject();
                    json.writeEndObject();
                    json.writeNumberField(
                            "max_concurrent_requests", options.maxConcurrentRequests());
                    json.writeNumberField("max_input_length", encoder.limit(role));
                    json.writeNumberField("max_batch_tokens", encoder.model().maxBatchTokens(role));
                    json.writeNullField("max_batch_requests");
                    json.writeNumberField("max_client_batch_size", options.maxClientBatchSize());
                    json.writeBooleanField("auto_truncate", options.autoTruncate());
                    json.writeNumberField("tokenization_workers", encoder.tokenizerThreads());
                    json.writeStringField("version", version());
                    json.writeNullField("sha");
                    json.writeNullField("docker_label");
                    json.writeEndObject();
                });
    }

    private static String dtype(String precision) {
        return switch (precision) {
            case "fp32" -> "float32";
            case "fp16" -> "float16";
            case "bf16" -> "bfloat16";
            default -> precision;
        };
    }

    private static String version() {
        String version = InfoEndpoints.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** {@code GET /indexes}. */
    static Endpoint indexes(Map<String, ServedIndex> indexes) {
        return body ->
                CompletableFuture.completedFuture(
                        Answer.json(
                                json -> {
                                    json.writeStartObject();
                                    json.writeArrayFieldStart("indexes");
                                    for (ServedIndex index : indexes.values()) {
                                        index.describe(json);
                                    }
                                    json.writeEndArray();
                                    json.writeEndObject();
                                }));
    }

    /**
     * A file of this package.
     *
     * @param name its path below the package
     */
    static Endpoint file(String name, String contentType) {
        byte[] content;
        try (InputStream file = InfoEndpoints.class.getResourceAsStream(name)) {
            if (file == null) {
                throw new IllegalStateException(name + " is missing in the jar");
            }
            content = file.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Answer answer = Answer.of(200, contentType, content).with("Cache-Control", "no-cache");
        return body -> CompletableFuture.completedFuture(answer);
    }
}
