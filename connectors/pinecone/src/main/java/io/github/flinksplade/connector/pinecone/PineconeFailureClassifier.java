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

/** Tells apart what Pinecone answers. */
final class PineconeFailureClassifier {

    private static final ObjectMapper JSON = new ObjectMapper();

    private PineconeFailureClassifier() {}

    /** What became of a batch that failed, in the terms of {@code BatchClient.send}. */
    static Exception classify(PineconeSettings settings, Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof ConnectorException stop) {
            return stop;
        }
        if (failure instanceof PineconeException controlPlane) {
            boolean lasting =
                    failure instanceof PineconeAuthorizationException
                            || failure instanceof PineconeForbiddenException
                            || failure instanceof PineconeNotFoundException
                            || failure instanceof PineconeBadRequestException;
            return lasting
                    ? explain(settings, controlPlane)
                    : new IOException(
                            settings.location() + ": " + message(settings, controlPlane), failure);
        }
        Status status = Status.fromThrowable(failure);
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND -> explain(settings, failure);
            // the second is said of a request that is too large
            case INVALID_ARGUMENT, OUT_OF_RANGE ->
                    new BatchRejectedException("Pinecone refuses it: " + message(settings, status));
            default ->
                    new IOException(
                            settings.location() + ": " + message(settings, status), failure);
        };
    }

    /**
     * Whether a delete failed only because the namespace has never been written: all that it asks
     * for is so already.
     */
    static boolean isNothingToDelete(Throwable failure) {
        Status status = Status.fromThrowable(failure);
        return status.getCode() == Status.Code.NOT_FOUND
                && String.valueOf(status.getDescription())
                        .toLowerCase(Locale.ROOT)
                        .contains("namespace");
    }

    /** The sentence for the user, about a call to the index itself. */
    static ConnectorException explain(PineconeSettings settings, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        return switch (status.getCode()) {
            case UNAUTHENTICATED, PERMISSION_DENIED -> refusedKey(settings, failure);
            case NOT_FOUND ->
                    new ConnectorException(
                            settings.location()
                                    + " is gone ("
                                    + message(settings, status)
                                    + "); start the job again, which creates it",
                            failure);
            case UNAVAILABLE, DEADLINE_EXCEEDED ->
                    unreachable(settings, message(settings, status), failure);
            default ->
                    new ConnectorException(
                            settings.location() + " answers: " + message(settings, status),
                            failure);
        };
    }

    /** The sentence for the user, about a call to the control plane. */
    static ConnectorException explain(PineconeSettings settings, PineconeException failure) {
        if (failure instanceof PineconeAuthorizationException
                || failure instanceof PineconeForbiddenException) {
            return refusedKey(settings, failure);
        }
        String message = message(settings, failure);
        if (failure instanceof PineconeNotFoundException) {
            return new ConnectorException(
                    settings.location()
                            + " is not there, or cannot be created there ("
                            + message
                            + "); name another index, cloud or region",
                    failure);
        }
        if (broken(failure) != null) {
            return unreachable(settings, message, failure);
        }
        return new ConnectorException(
                "Pinecone's answer about " + settings.location() + ": " + message, failure);
    }

    private static ConnectorException refusedKey(PineconeSettings settings, Throwable failure) {
        return new ConnectorException(
                settings.location()
                        + " rejects the API key. "
                        + settings.connection().credentialsHint(),
                failure);
    }

    private static ConnectorException unreachable(
            PineconeSettings settings, String reason, Throwable failure) {
        return new UnreachableException(
                settings.location() + " is unavailable: " + reason + ". Check host and network",
                failure);
    }

    /** What the status says; of a broken connection, what broke it. */
    private static String message(PineconeSettings settings, Status status) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return noResponse(settings);
        }
        IOException broken = broken(status.getCause());
        String message = broken == null ? status.getDescription() : broken.getMessage();
        return message == null ? status.getCode().toString() : oneLine(message);
    }

    /** What the control plane says, which is {@code {"error": {"message": ...}}}. */
    private static String message(PineconeSettings settings, PineconeException failure) {
        IOException broken = broken(failure);
        if (broken instanceof InterruptedIOException) {
            return noResponse(settings);
        }
        String body = broken == null ? failure.getMessage() : broken.getMessage();
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
                + Quantities.format(settings.connection().requestTimeout());
    }

    private static IOException broken(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException broken) {
                return broken;
            }
        }
        return null;
    }

    /** On one line, without the names of exceptions that some messages begin with. */
    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s+", " ").replaceAll("[\\w.$]+Exception: ", "");
    }
}
