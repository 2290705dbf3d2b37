package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.connector.UnreachableException;
import io.grpc.Status;
import java.io.IOException;
import java.util.Locale;

/**
 * Turns the server's answers into what the job does next, and into the sentence for the user. Which
 * code stands for which fault: qdrant/qdrant, lib/storage/src/content_manager/conversions.rs.
 */
final class QdrantFailureClassifier {

    private QdrantFailureClassifier() {}

    /** What a failed batch is for the job: refused, hopeless, or to be sent again. */
    static Exception classify(QdrantSettings settings, Throwable failure) {
        return switch (Status.fromThrowable(failure).getCode()) {
            // something in the batch; too large for a proxy in between
            case INVALID_ARGUMENT, OUT_OF_RANGE ->
                    new BatchRejectedException(
                            settings.server() + ": " + reason(settings, failure));
            case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, UNIMPLEMENTED, ALREADY_EXISTS ->
                    explain(settings, "write " + settings.location(), failure);
            // also what the server calls internal: a disk that is full, a shard that starts
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
                    new IOException(settings.server() + ": " + reason(settings, failure), failure);
        };
    }

    /**
     * The sentence for the user.
     *
     * @param doing what failed, as in "cannot create the collection"
     */
    static ConnectorException explain(QdrantSettings settings, String doing, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        // with a cause it was made here and is not the server's: what answers speaks no gRPC
        Status.Code code = status.getCause() == null ? status.getCode() : Status.Code.UNAVAILABLE;
        String sentence =
                switch (code) {
                    case UNAVAILABLE, DEADLINE_EXCEEDED ->
                            settings.server()
                                    + " is unavailable: "
                                    + reason(settings, failure)
                                    + ". Check that it runs, that this is its gRPC port (6334, not"
                                    + " 6333), and that tls is correct";
                    case UNAUTHENTICATED ->
                            settings.server()
                                    + " rejects the credentials: "
                                    + reason(settings, failure)
                                    + ". "
                                    + settings.connection.credentialsHint();
                    case PERMISSION_DENIED ->
                            settings.server()
                                    + " does not allow to "
                                    + doing
                                    + ": "
                                    + reason(settings, failure)
                                    + "; use an API key that may";
                    case NOT_FOUND ->
                            settings.location()
                                    + " is not there; name the collection that a run wrote to, or"
                                    + " start the run anew, which creates it";
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
                            settings.server()
                                    + " cannot "
                                    + doing
                                    + ": "
                                    + reason(settings, failure);
                };
        return code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED
                ? new UnreachableException(sentence, failure)
                : new ConnectorException(sentence, failure);
    }

    /** What is known of the cause, in one line. */
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
                        // how the transport says which of its calls failed
                        .replaceFirst("^.* failed with error\\(-?\\d+\\): ", "");
    }
}
