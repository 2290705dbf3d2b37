package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.TruncationSide;
import io.github.flinksplade.serve.RequestObject.Input;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.stream.IntStream;
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
            boolean batch = request.isBatch("inputs");
            metrics.embedding(batch);
            answer.whenComplete(
                    (result, failure) -> {
                        if (failure == null) {
                            metrics.embedded(batch, System.nanoTime() - start);
                        }
                    });
            submit(request, answer);
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
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
        List<Input> inputs = inputs(request);
        Role role = role(request.string("prompt_name"));
        boolean truncate = request.flag("truncate", options.autoTruncate());
        TruncationSide side = truncationSide(request.string("truncation_direction"));
        BatchingEncoder encoder = encoders.get();
        if (!encoder.model().roles().contains(role)) {
            throw RequestException.invalid(
                    "the model is open for queries only. Send the prompt_name query, or start a"
                            + " server without --index to encode documents");
        }
        List<CompletableFuture<EncodedText>> texts =
                IntStream.range(0, inputs.size())
                        .mapToObj(i -> submit(encoder, i, inputs.get(i), role, side))
                        .toList();
        answer.whenComplete((result, failure) -> texts.forEach(text -> text.cancel(false)));
        CompletableFuture.allOf(texts.toArray(CompletableFuture[]::new))
                .thenApplyAsync(
                        unused -> {
                            List<EncodedText> encoded =
                                    texts.stream().map(CompletableFuture::join).toList();
                            if (!truncate) {
                                requireComplete(encoded, encoder.limit(role));
                            }
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

    private static CompletableFuture<EncodedText> submit(
            BatchingEncoder encoder, int index, Input input, Role role, TruncationSide side) {
        if (input.ids() == null) {
            return encoder.submit(input.text(), role, side);
        }
        int[] ids = input.ids();
        int terms = encoder.tokenizer().vocabularySize();
        for (int id : ids) {
            if (id >= terms) {
                throw RequestException.invalid(
                        "input "
                                + (index + 1)
                                + " has the token id "
                                + id
                                + ", but the highest of the model is "
                                + (terms - 1));
            }
        }
        int size = Math.min(ids.length, encoder.limit(role));
        int from = side == TruncationSide.LEFT ? ids.length - size : 0;
        return encoder.submitTokens(
                new TokenSequence(
                        Arrays.copyOfRange(ids, from, from + size), ids.length, size < ids.length),
                role);
    }

    private List<Input> inputs(RequestObject request) {
        List<Input> inputs = request.inputs("inputs");
        if (inputs == null) {
            throw RequestException.invalid(
                    "`inputs` is missing. Send {\"inputs\": \"a text\"} or {\"inputs\": [\"a\","
                            + " \"b\"]}");
        }
        if (inputs.isEmpty() || inputs.stream().anyMatch(Input::isEmpty)) {
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

    private static TruncationSide truncationSide(String direction) {
        if (direction == null || direction.equalsIgnoreCase("right")) {
            return TruncationSide.RIGHT;
        }
        if (direction.equalsIgnoreCase("left")) {
            return TruncationSide.LEFT;
        }
        throw RequestException.invalid(
                "`truncation_direction` must be left or right, not '" + direction + "'");
    }

    private static void requireComplete(List<EncodedText> encoded, int limit) {
        for (EncodedText text : encoded) {
            if (text.truncated()) {
                throw new RequestException(
                        413,
                        ErrorType.VALIDATION,
                        "`inputs` must have at most "
                                + limit
                                + " tokens. Given: "
                                + text.tokens()
                                + ". Send less, or \"truncate\": true");
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
