package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code POST /embed_sparse} as text-embeddings-inference has it. Fields that it does not know are
 * ignored, as there.
 */
final class EmbedSparseEndpoint implements Endpoint {

    private static final Logger LOG = LoggerFactory.getLogger(EmbedSparseEndpoint.class);

    private final Supplier<BatchingEncoder> encoders;
    private final ServeOptions options;
    private final ServerMetrics metrics;
    private final Executor workers;

    /**
     * @param encoders the model; may block or throw a RequestException
     */
    EmbedSparseEndpoint(
            Supplier<BatchingEncoder> encoders,
            ServeOptions options,
            ServerMetrics metrics,
            Executor workers) {
        this.encoders = encoders;
        this.options = options;
        this.metrics = metrics;
        this.workers = workers;
    }

    @Override
    public CompletableFuture<Answer> answer(byte[] body) {
        long start = System.nanoTime();
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        workers.execute(() -> start(body, start, answer));
        return answer;
    }

    private void start(byte[] body, long start, CompletableFuture<Answer> answer) {
        if (answer.isDone()) {
            return; // too late
        }
        try {
            RequestObject request = RequestObject.parse(body);
            boolean batch = request.isArray("inputs");
            metrics.embedding(batch);
            answer.whenComplete(
                    (result, failure) -> {
                        if (failure == null) {
                            metrics.embedded(batch, System.nanoTime() - start);
                        } else {
                            metrics.embeddingFailed(type(failure));
                        }
                    });
            submit(request, answer);
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
    }

    private static ErrorType type(Throwable failure) {
        return failure instanceof RequestException e
                ? e.type()
                : failure instanceof EncodingException ? ErrorType.TOKENIZER : ErrorType.BACKEND;
    }

    /** A failure of the engine, which is not one of a text, has a status of its own. */
    private static Throwable explain(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        if (cause instanceof RequestException
                || cause instanceof EncodingException
                || cause instanceof CancellationException) {
            return cause;
        }
        LOG.error("the model failed", cause);
        return new RequestException(
                424,
                ErrorType.BACKEND,
                "the model failed; the log of the server has the details",
                cause);
    }

    private void submit(RequestObject request, CompletableFuture<Answer> answer) {
        List<String> inputs = inputs(request);
        Role role = role(request.string("prompt_name"));
        boolean truncate = request.flag("truncate", options.autoTruncate());
        boolean right = isRight(request.string("truncation_direction"));
        BatchingEncoder encoder = encoders.get();
        if (!encoder.model().roles().contains(role)) {
            throw RequestException.invalid(
                    "the model is open for queries only. Send the prompt_name query, or start a"
                            + " server without --index to encode documents");
        }
        List<CompletableFuture<EncodedText>> texts =
                inputs.stream().map(text -> encoder.submit(text, role)).toList();
        answer.whenComplete((result, failure) -> texts.forEach(text -> text.cancel(false)));
        CompletableFuture.allOf(texts.toArray(CompletableFuture[]::new))
                .thenApplyAsync(
                        unused -> {
                            List<EncodedText> encoded =
                                    texts.stream().map(CompletableFuture::join).toList();
                            requireComplete(encoded, encoder, role, truncate, right);
                            return Answer.json(json -> write(json, encoded));
                        },
                        workers)
                .whenComplete(
                        (result, failure) -> {
                            if (failure == null) {
                                answer.complete(result);
                            } else {
                                answer.completeExceptionally(explain(failure));
                            }
                        });
    }

    private List<String> inputs(RequestObject request) {
        List<String> inputs = request.strings("inputs");
        if (inputs == null) {
            throw RequestException.invalid(
                    "`inputs` is missing. Send {\"inputs\": \"a text\"} or {\"inputs\": [\"a\","
                            + " \"b\"]}");
        }
        if (inputs.isEmpty() || inputs.contains("")) {
            throw new RequestException(400, ErrorType.EMPTY, "`inputs` cannot be empty");
        }
        if (inputs.size() > options.maxClientBatchSize()) {
            throw new RequestException(
                    413,
                    ErrorType.VALIDATION,
                    "batch size "
                            + inputs.size()
                            + " > maximum allowed batch size "
                            + options.maxClientBatchSize());
        }
        return inputs;
    }

    private Role role(String promptName) {
        if (promptName == null) {
            return options.role();
        }
        return switch (promptName) {
            case "query" -> Role.QUERY;
            case "document" -> Role.DOCUMENT;
            default ->
                    throw RequestException.invalid(
                            "`prompt_name` must be query or document, not '" + promptName + "'");
        };
    }

    private static boolean isRight(String direction) {
        if (direction == null || direction.toLowerCase(Locale.ROOT).equals("right")) {
            return true;
        }
        if (direction.toLowerCase(Locale.ROOT).equals("left")) {
            return false;
        }
        throw RequestException.invalid(
                "`truncation_direction` must be left or right, not '" + direction + "'");
    }

    private static void requireComplete(
            List<EncodedText> encoded,
            BatchingEncoder encoder,
            Role role,
            boolean truncate,
            boolean right) {
        for (EncodedText text : encoded) {
            if (text.truncated() && !truncate) {
                int limit =
                        role == Role.QUERY
                                ? encoder.info().queryTokens()
                                : encoder.info().documentTokens();
                throw new RequestException(
                        413,
                        ErrorType.VALIDATION,
                        "`inputs` must have at most "
                                + limit
                                + " tokens. Given: "
                                + text.tokens()
                                + ". Send less, or \"truncate\": true");
            }
            if (text.truncated() && !right) {
                throw RequestException.invalid(
                        "`truncation_direction` left is not supported: the end of a text is"
                                + " truncated. Omit it, or send the end of the text");
            }
        }
    }

    private static void write(JsonGenerator json, List<EncodedText> encoded) throws IOException {
        json.writeStartArray();
        for (EncodedText text : encoded) {
            SparseVector vector = text.vector();
            json.writeStartArray();
            for (int i = 0; i < vector.size(); i++) {
                json.writeStartObject();
                json.writeNumberField("index", vector.indices()[i]);
                json.writeNumberField("value", vector.values()[i]);
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        json.writeEndArray();
    }
}
