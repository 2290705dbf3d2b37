package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.connector.UnreachableException;
import io.grpc.Status;
import io.pinecone.exceptions.PineconeAuthorizationException;
import io.pinecone.exceptions.PineconeBadRequestException;
import io.pinecone.exceptions.PineconeException;
import io.pinecone.exceptions.PineconeForbiddenException;
import io.pinecone.exceptions.PineconeNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Locale;

/** Classifies Pinecone's failures as permanent or retryable, and explains them to the user. */
final class PineconeFailureClassifier {

    private static final ObjectMapper JSON = new ObjectMapper();

    private PineconeFailureClassifier() {}

    /** The failure of a batch; see {@link io.github.flinksplade.connector.BatchClient#send}. */
    static Exception classify(PineconeSettings settings, Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof ConnectorException permanent) {
            return permanent;
        }
        if (failure instanceof PineconeException controlPlane) {
            boolean isPermanent =
                    failure instanceof PineconeAuthorizationException
                            || failure instanceof PineconeForbiddenException
                            || failure instanceof PineconeNotFoundException
                            || failure instanceof PineconeBadRequestException;
            return isPermanent
                    ? explain(settings, controlPlane)
                    : new IOException(
                            settings.indexLocation() + ": " + message(settings, controlPlane),
                            failure);
        }
        Status status = Status.fromThrowable(failure);
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND -> explain(settings, failure);
            // OUT_OF_RANGE: the request is too large
            case INVALID_ARGUMENT, OUT_OF_RANGE ->
                    new BatchRejectedException("Pinecone rejects it: " + message(settings, status));
            default ->
                    new IOException(
                            settings.indexLocation() + ": " + message(settings, status), failure);
        };
    }

    /**
     * Whether a delete failed because its namespace does not exist, so nothing is to be deleted.
     */
    static boolean isNothingToDelete(Throwable failure) {
        Status status = Status.fromThrowable(failure);
        return status.getCode() == Status.Code.NOT_FOUND
                && String.valueOf(status.getDescription())
                        .toLowerCase(Locale.ROOT)
                        .contains("namespace");
    }

    /** The message for the user about a call to the index. */
    static ConnectorException explain(PineconeSettings settings, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED -> rejectedKey(settings, failure);
            case NOT_FOUND ->
                    new ConnectorException(
                            settings.indexLocation()
                                    + " was deleted ("
                                    + message(settings, status)
                                    + "). Restart the job with --reindex to create and fill it",
                            failure);
            case UNAVAILABLE, DEADLINE_EXCEEDED ->
                    unreachable(settings, message(settings, status), failure);
            default ->
                    new ConnectorException(
                            settings.indexLocation() + " responds: " + message(settings, status),
                            failure);
        };
    }

    /** The message for the user about a call to the control plane. */
    static ConnectorException explain(PineconeSettings settings, PineconeException failure) {
        if (failure instanceof PineconeAuthorizationException
                || failure instanceof PineconeForbiddenException) {
            return rejectedKey(settings, failure);
        }
        String message = message(settings, failure);
        if (failure instanceof PineconeNotFoundException) {
            return new ConnectorException(
                    settings.indexLocation()
                            + " does not exist, or cannot be created there ("
                            + message
                            + "). Name another index, cloud or region",
                    failure);
        }
        if (connectionFailure(failure) != null) {
            return unreachable(settings, message, failure);
        }
        return new ConnectorException(
                settings.indexLocation() + ": Pinecone responds: " + message, failure);
    }

    private static ConnectorException rejectedKey(PineconeSettings settings, Throwable failure) {
        return new ConnectorException(
                settings.indexLocation()
                        + " rejects the API key. "
                        + settings.connection.credentialsHint(),
                failure);
    }

    private static ConnectorException unreachable(
            PineconeSettings settings, String reason, Throwable failure) {
        return new UnreachableException(
                settings.indexLocation()
                        + " is unavailable: "
                        + reason
                        + ". Check host and network",
                failure);
    }

    /** The message of the status, or of the exception that closed the connection. */
    private static String message(PineconeSettings settings, Status status) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return noResponse(settings);
        }
        IOException connectionFailure = connectionFailure(status.getCause());
        String message =
                connectionFailure == null
                        ? status.getDescription()
                        : connectionFailure.getMessage();
        return message == null ? status.getCode().toString() : oneLine(message);
    }

    /** The message of a response, which is {@code {"error": {"message": ...}}}. */
    private static String message(PineconeSettings settings, PineconeException failure) {
        IOException connectionFailure = connectionFailure(failure);
        if (connectionFailure instanceof InterruptedIOException) {
            return noResponse(settings);
        }
        String body =
                connectionFailure == null ? failure.getMessage() : connectionFailure.getMessage();
        if (body == null) {
            return "no reason given";
        }
        try {
            JsonNode message = JSON.readTree(body).path("error").path("message");
            return oneLine(message.isTextual() ? message.textValue() : body);
        } catch (JsonProcessingException e) {
            return oneLine(body);
        }
    }

    private static String noResponse(PineconeSettings settings) {
        return "no complete response within "
                + Quantities.format(settings.connection.requestTimeout());
    }

    private static IOException connectionFailure(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException connectionFailure) {
                return connectionFailure;
            }
        }
        return null;
    }

    /** On one line, without the exception names that some messages start with. */
    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s+", " ").replaceAll("[\\w.$]+Exception: ", "");
    }
}
