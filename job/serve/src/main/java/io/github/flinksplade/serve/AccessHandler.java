package io.github.flinksplade.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Adds security headers to every response and requires the token where one is configured. */
final class AccessHandler extends Handler.Wrapper {

    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";

    private static final Map<String, String> HEADERS =
            Map.of(
                    "Content-Security-Policy", CONTENT_SECURITY_POLICY,
                    "X-Content-Type-Options", "nosniff",
                    "X-Frame-Options", "DENY",
                    "Referrer-Policy", "no-referrer",
                    "Cross-Origin-Resource-Policy", "same-origin");

    private final byte[] expected;
    private final Set<String> open;
    private final boolean localOnly;
    private final ServerMetrics metrics;

    /**
     * @param token the token, or null if none is required
     * @param open paths that need no token
     * @param localOnly whether only requests to a name of this machine are accepted, so that the
     *     page of another site whose name resolves to a loopback address cannot read the answers
     */
    AccessHandler(String token, Set<String> open, boolean localOnly, ServerMetrics metrics) {
        this.expected = token == null ? null : bytes("Bearer " + token);
        this.open = open;
        this.localOnly = localOnly;
        this.metrics = metrics;
    }

    static void addHeaders(HttpFields.Mutable headers) {
        HEADERS.forEach(headers::put);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        addHeaders(response.getHeaders());
        if (localOnly && !isLocal(Request.getServerName(request))) {
            return reject(
                    Answer.error(
                            421,
                            ErrorType.VALIDATION,
                            "the server has no token, so it accepts requests to localhost only,"
                                    + " not to "
                                    + Request.getServerName(request)
                                    + ". Use localhost, or start it with --token-file"),
                    request,
                    response,
                    callback);
        }
        if (expected != null && !open.contains(Request.getPathInContext(request))) {
            String given = request.getHeaders().get(HttpHeader.AUTHORIZATION);
            if (given == null || !MessageDigest.isEqual(bytes(given), expected)) {
                return reject(
                        Answer.error(
                                        401,
                                        ErrorType.VALIDATION,
                                        (given == null
                                                        ? "the Authorization header is missing"
                                                        : "the Authorization header does not"
                                                                + " contain the token")
                                                + ". Send 'Authorization: Bearer TOKEN'")
                                .with("WWW-Authenticate", "Bearer"),
                        request,
                        response,
                        callback);
            }
        }
        return super.handle(request, response, callback);
    }

    private static boolean isLocal(String name) {
        return name != null
                && (name.equalsIgnoreCase("localhost")
                        || name.toLowerCase(Locale.ROOT).endsWith(".localhost")
                        || name.matches("127(\\.\\d{1,3}){3}")
                        || name.equals("::1")
                        || name.equals("[::1]"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private boolean reject(Answer answer, Request request, Response response, Callback callback) {
        metrics.rejected(Request.getPathInContext(request), answer);
        RouteHandler.write(answer, response, callback);
        return true;
    }
}
