package io.github.flinksplade.serve;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.ModelException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls the endpoint of a request, and converts failures to errors. */
final class RouteHandler extends Handler.Abstract.NonBlocking {

    private static final Logger LOG = LoggerFactory.getLogger(RouteHandler.class);

    private final Map<String, Map<String, Endpoint>> routes;
    private final int payloadLimit;
    private final Duration timeout;
    private final ServerMetrics metrics;

    /**
     * @param routes for each path, the endpoints by method, GET or POST
     * @param payloadLimit max bytes of a body
     */
    RouteHandler(
            Map<String, Map<String, Endpoint>> routes,
            int payloadLimit,
            Duration timeout,
            ServerMetrics metrics) {
        this.routes = routes;
        this.payloadLimit = payloadLimit;
        this.timeout = timeout;
        this.metrics = metrics;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        long start = System.nanoTime();
        metrics.received();
        String path = Request.getPathInContext(request);
        CompletableFuture<Answer> answer;
        try {
            answer = route(request, path);
        } catch (RequestException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        answer.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .handle((result, failure) -> failure == null ? result : error(failure))
                .thenAccept(
                        result -> {
                            metrics.answered(path, result, System.nanoTime() - start);
                            write(result, response, callback);
                        })
                .whenComplete(
                        (unused, failure) -> {
                            if (failure != null) {
                                LOG.error("cannot write a response", failure);
                                callback.failed(failure);
                            }
                        });
        return true;
    }

    private CompletableFuture<Answer> route(Request request, String path) {
        Map<String, Endpoint> methods = routes.get(path);
        if (methods == null) {
            throw new RequestException(
                    404,
                    ErrorType.VALIDATION,
                    "there is no " + path + ". GET /openapi.json lists the paths");
        }
        String method = request.getMethod().equals("HEAD") ? "GET" : request.getMethod();
        Endpoint endpoint = methods.get(method);
        if (endpoint == null) {
            String allowed = String.join(", ", new TreeSet<>(methods.keySet()));
            return CompletableFuture.completedFuture(
                    Answer.error(
                                    405,
                                    ErrorType.VALIDATION,
                                    path
                                            + " does not support "
                                            + request.getMethod()
                                            + ". Use "
                                            + allowed)
                            .with("Allow", allowed));
        }
        if (method.equals("GET")) {
            return endpoint.answer(new byte[0]);
        }
        // a type that makes a browser ask the server before it sends a request of another site
        String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
        if (type == null
                || !Answer.JSON.equalsIgnoreCase(MimeTypes.getContentTypeWithoutCharset(type))) {
            throw new RequestException(
                    415,
                    ErrorType.VALIDATION,
                    "the Content-Type is " + type + ". Send application/json");
        }
        CompletableFuture<byte[]> body = new CompletableFuture<>();
        Content.Source.asByteArrayAsync(request, payloadLimit, Promise.Invocable.toPromise(body));
        return body.thenCompose(bytes -> work(endpoint, bytes));
    }

    /** Ends the work of an endpoint, too, when the request takes too long. */
    private CompletableFuture<Answer> work(Endpoint endpoint, byte[] body) {
        return endpoint.answer(body).orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    private Answer error(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof RequestException e) {
            return Answer.error(e.status(), e.type(), e.getMessage());
        }
        if (cause instanceof EncodingException e) {
            return Answer.error(422, ErrorType.TOKENIZER, e.getMessage());
        }
        if (cause instanceof UnreachableException || cause instanceof ModelException) {
            return Answer.error(503, ErrorType.UNHEALTHY, cause.getMessage());
        }
        if (cause instanceof ConnectorException e) {
            return Answer.error(422, ErrorType.VALIDATION, e.getMessage());
        }
        if (cause instanceof TimeoutException || cause instanceof CancellationException) {
            return Answer.error(
                    504,
                    ErrorType.BACKEND,
                    "the request took longer than "
                            + timeout.toMillis() / 1000.0
                            + " s. Retry it later, or raise --request-timeout");
        }
        if (cause instanceof HttpException e && e.getCode() < 500) {
            return Answer.error(e.getCode(), ErrorType.VALIDATION, describe(e));
        }
        if (cause instanceof EofException) {
            return Answer.error(
                    400, ErrorType.VALIDATION, "the connection was closed within the body");
        }
        LOG.error("internal error", cause);
        return Answer.error(
                500, ErrorType.BACKEND, "internal error; the log of the server has the details");
    }

    private String describe(HttpException failure) {
        return failure.getCode() == 413
                ? "the body exceeds " + payloadLimit + " bytes. Send less, or raise --payload-limit"
                : failure.getReason();
    }

    static void write(Answer answer, Response response, Callback callback) {
        response.setStatus(answer.status());
        answer.headers().forEach((name, value) -> response.getHeaders().put(name, value));
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().length);
        response.write(true, ByteBuffer.wrap(answer.body()), callback);
    }
}
