package io.github.flinksplade.serve;

import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/** Writes the errors that Jetty detects, such as an invalid header, like all others. */
final class JsonErrorHandler extends ErrorHandler {

    private final int payloadLimit;

    private final ServerMetrics metrics;

    JsonErrorHandler(int payloadLimit, ServerMetrics metrics) {
        this.payloadLimit = payloadLimit;
        this.metrics = metrics;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        AccessHandler.addHeaders(response.getHeaders());
        Object reason = request.getAttribute(ERROR_MESSAGE);
        Answer answer = answer(response.getStatus(), reason == null ? null : reason.toString());
        metrics.rejected(Request.getPathInContext(request), answer);
        RouteHandler.write(answer, response, callback);
        return true;
    }

    private Answer answer(int status, String reason) {
        String message =
                switch (status) {
                    case HttpStatus.PAYLOAD_TOO_LARGE_413 ->
                            "the body exceeds "
                                    + payloadLimit
                                    + " bytes. Send less, or raise --payload-limit";
                    case HttpStatus.SERVICE_UNAVAILABLE_503 -> "the server is stopping";
                    default ->
                            // a reason may name classes
                            status >= 500 || reason == null
                                    ? HttpStatus.getMessage(status)
                                    : reason;
                };
        return Answer.error(status, ErrorType.ofStatus(status), message);
    }
}
