package io.github.flinksplade.serve;

import io.github.flinksplade.encoder.Role;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * How a {@link SpladeServer} listens and what it accepts. Every option has a default; {@link
 * #builder()} changes single ones.
 *
 * @param host the name or IP address to listen on; 127.0.0.1 by default
 * @param port the port; 0 for any free one; 8080 by default
 * @param token what clients send as {@code Authorization: Bearer TOKEN}, or null for no
 *     authentication, the default, which only a loopback address allows
 * @param corsOrigins origins whose pages may call the server, such as {@code https://example.com};
 *     none by default
 * @param role the role of texts of {@code /embed_sparse} without a {@code prompt_name}; QUERY by
 *     default
 * @param autoTruncate whether {@code /embed_sparse} truncates texts beyond the token limit if the
 *     request does not state it; false by default
 * @param maxConcurrentRequests max requests in progress; 128 by default
 * @param maxClientBatchSize max texts of one request; 32 by default
 * @param payloadLimit max bytes of a request's body; 2,000,000 by default
 * @param maxHits max {@code k} of a search; 100 by default
 * @param requestTimeout max time from the start of a request to its response; 60 s by default
 * @param shutdownTimeout max time that {@link SpladeServer#close} waits for requests in progress;
 *     30 s by default
 */
public record ServeOptions(
        String host,
        int port,
        String token,
        List<String> corsOrigins,
        Role role,
        boolean autoTruncate,
        int maxConcurrentRequests,
        int maxClientBatchSize,
        int payloadLimit,
        int maxHits,
        Duration requestTimeout,
        Duration shutdownTimeout) {

    /**
     * @throws IllegalArgumentException if a value is out of its range
     */
    public ServeOptions {
        Objects.requireNonNull(host, "host");
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException(
                    "port " + port + " is not a whole number from 0 to 65535");
        }
        if (token != null && !token.matches("[!-~]+")) {
            throw new IllegalArgumentException(
                    "the token is empty, or contains characters other than the visible ones of"
                            + " ASCII, which an HTTP header cannot contain. Choose another one");
        }
        corsOrigins = List.copyOf(corsOrigins);
        for (String origin : corsOrigins) {
            if (!origin.equals("*") && !origin.matches("https?://[^/\\s]+")) {
                throw new IllegalArgumentException(
                        "'"
                                + origin
                                + "' is not an origin. Specify scheme, host and port only, such as"
                                + " https://example.com, or * for all");
            }
        }
        Objects.requireNonNull(role, "role");
        requirePositive("max-concurrent-requests", maxConcurrentRequests);
        requirePositive("max-client-batch-size", maxClientBatchSize);
        requirePositive("payload-limit", payloadLimit);
        requirePositive("max-hits", maxHits);
        requirePositive("request-timeout", requestTimeout.toMillis());
        if (shutdownTimeout.isNegative()) {
            throw new IllegalArgumentException(
                    "shutdown-timeout must not be negative: " + shutdownTimeout);
        }
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, not " + value);
        }
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds {@link ServeOptions}; its methods are documented there. */
    public static final class Builder {

        private String host = "127.0.0.1";
        private int port = 8080;
        private String token;
        private List<String> corsOrigins = List.of();
        private Role role = Role.QUERY;
        private boolean autoTruncate;
        private int maxConcurrentRequests = 128;
        private int maxClientBatchSize = 32;
        private int payloadLimit = 2_000_000;
        private int maxHits = 100;
        private Duration requestTimeout = Duration.ofSeconds(60);
        private Duration shutdownTimeout = Duration.ofSeconds(30);

        private Builder() {}

        public Builder host(String value) {
            this.host = value;
            return this;
        }

        public Builder port(int value) {
            this.port = value;
            return this;
        }

        public Builder token(String value) {
            this.token = value;
            return this;
        }

        public Builder corsOrigins(List<String> values) {
            this.corsOrigins = values;
            return this;
        }

        public Builder role(Role value) {
            this.role = value;
            return this;
        }

        public Builder autoTruncate(boolean value) {
            this.autoTruncate = value;
            return this;
        }

        public Builder maxConcurrentRequests(int value) {
            this.maxConcurrentRequests = value;
            return this;
        }

        public Builder maxClientBatchSize(int value) {
            this.maxClientBatchSize = value;
            return this;
        }

        public Builder payloadLimit(int bytes) {
            this.payloadLimit = bytes;
            return this;
        }

        public Builder maxHits(int value) {
            this.maxHits = value;
            return this;
        }

        public Builder requestTimeout(Duration value) {
            this.requestTimeout = value;
            return this;
        }

        public Builder shutdownTimeout(Duration value) {
            this.shutdownTimeout = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException if a value is out of its range
         */
        public ServeOptions build() {
            return new ServeOptions(
                    host,
                    port,
                    token,
                    corsOrigins,
                    role,
                    autoTruncate,
                    maxConcurrentRequests,
                    maxClientBatchSize,
                    payloadLimit,
                    maxHits,
                    requestTimeout,
                    shutdownTimeout);
        }
    }
}
