package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.connector.UnreachableException;
import io.grpc.Status;
import java.io.IOException;
import java.util.Locale;

/**
 * Classifies Qdrant's failures as permanent or retryable, and explains them to the user. The codes
 * of its errors: qdrant/qdrant, lib/storage/src/content_manager/conversions.rs.
 */
final class QdrantFailureClassifier {

    private QdrantFailureClassifier() {}

    /** The failure of a batch; see {@link io.github.flinksplade.connector.BatchClient#send}. */
    static Exception classify(QdrantSettings settings, Throwable failure) {
        return switch (Status.fromThrowable(failure).getCode()) {
            // INVALID_ARGUMENT: a change; OUT_OF_RANGE: too large for a proxy
            case INVALID_ARGUMENT, OUT_OF_RANGE ->
                    new BatchRejectedException(
                            settings.serverName() + ": " + reason(settings, failure));
            case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, UNIMPLEMENTED, ALREADY_EXISTS ->
                    explain(settings, "write " + settings.location(), failure);
            // INTERNAL includes a full disk and a shard that starts
            case OK,
                    CANCELLED,
                    UNKNOWN,
                    DEADLINE_EXCEEDED,
                    RESOURCE_EXHAUSTED,
                    FAILED_PRECONDITION,
                    ABORTED,
                    INTERNAL,
                    UNAVAILABLE,
                    DATA_LOSS ->
                    new IOException(
                            settings.serverName() + ": " + reason(settings, failure), failure);
        };
    }

    /**
     * The message for the user.
     *
     * @param action what failed: {@code create the collection}
     */
    static ConnectorException explain(QdrantSettings settings, String action, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        // a status with a cause was created by the client: the peer does not use gRPC
        Status.Code code = status.getCause() == null ? status.getCode() : Status.Code.UNAVAILABLE;
        String sentence =
                switch (code) {
                    case UNAVAILABLE, DEADLINE_EXCEEDED ->
                            settings.serverName()
                                    + " is unavailable: "
                                    + reason(settings, failure)
                                    + ". Check that it runs, that this is its gRPC port (6334, not"
                                    + " 6333), and that tls is correct";
                    case UNAUTHENTICATED ->
                            settings.serverName()
                                    + " rejects the credentials: "
                                    + reason(settings, failure)
                                    + ". "
                                    + settings.connection.credentialsHint();
                    case PERMISSION_DENIED ->
                            settings.serverName()
                                    + " does not allow this API key to "
                                    + action
                                    + ": "
                                    + reason(settings, failure)
                                    + ". Use an API key with that permission";
                    case NOT_FOUND ->
                            settings.location()
                                    + " does not exist. Name a collection that a job has written to,"
                                    + " or restart the job with --reindex to create and fill it";
                    case OK,
                            CANCELLED,
                            UNKNOWN,
                            INVALID_ARGUMENT,
                            ALREADY_EXISTS,
                            RESOURCE_EXHAUSTED,
                            FAILED_PRECONDITION,
                            ABORTED,
                            OUT_OF_RANGE,
                            UNIMPLEMENTED,
                            INTERNAL,
                            DATA_LOSS ->
                            settings.serverName()
                                    + " cannot "
                                    + action
                                    + ": "
                                    + reason(settings, failure);
                };
        return code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED
                ? new UnreachableException(sentence, failure)
                : new ConnectorException(sentence, failure);
    }

    /** The root cause, on one line. */
    private static String reason(QdrantSettings settings, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "no complete response within "
                    + Quantities.format(settings.connection.requestTimeout());
        }
        Throwable root = status.getCause();
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        String text =
                root != null && root.getMessage() != null
                        ? root.getMessage()
                        : status.getDescription();
        return text == null
                ? status.getCode().name().toLowerCase(Locale.ROOT)
                : text.strip()
                        .replaceAll("\\s+", " ")
                        // the name of the failed system call
                        .replaceFirst("^.* failed with error\\(-?\\d+\\): ", "");
    }
}
