package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.connector.http.ServerFailures;
import java.util.ArrayList;
import java.util.List;

/** Classifies Solr's failures as permanent or retryable, and explains them to the user. */
final class SolrFailureClassifier {

    private static final int MAX_REASON_LENGTH = 500;

    private SolrFailureClassifier() {}

    /** The failure of a batch; see {@link io.github.flinksplade.connector.BatchClient#send}. */
    static Exception classify(SolrSettings settings, JsonResponse response) {
        return switch (response.status()) {
            case 400, 413 ->
                    isSchemaMissing(response)
                            ? explain(settings, "write to", response)
                            : new BatchRejectedException(reason(response));
            case 401, 403, 404 -> explain(settings, "write to", response);
            // 429 of a rate limiter or circuit breaker, 503 of a server that starts, 409 of a
            // concurrent change, and any failure inside the server
            default -> response.retry(response.describeStatus() + ": " + reason(response));
        };
    }

    /** Whether a field or the processor of this project was removed: not the documents' fault. */
    private static boolean isSchemaMissing(JsonResponse response) {
        String reason = reason(response);
        return SolrSchema.FIELD_NAMES.stream()
                        .anyMatch(name -> reason.contains("unknown field '" + name + "'"))
                || reason.contains("No such processor " + SolrSchema.PROCESSOR);
    }

    /**
     * The message for the user.
     *
     * @param action what failed: {@code write to}
     */
    static ConnectorException explain(SolrSettings settings, String action, JsonResponse response) {
        String failure = "cannot " + action + " " + settings.location() + ": ";
        return switch (response.status()) {
            case 401 -> ServerFailures.unauthorized(settings.serverName(), settings.connection);
            case 403 ->
                    new ConnectorException(
                            failure
                                    + "the user lacks a permission. Grant it Solr's permissions read,"
                                    + " update, schema-read, schema-edit, config-read and"
                                    + " config-edit");
            case 404 ->
                    new ConnectorException(
                            failure + "it does not exist. Restart the job to create it");
            default ->
                    new ConnectorException(
                            failure
                                    + (response.body().isObject()
                                            ? reason(response)
                                            : response.describeStatus()
                                                    + ", which is not a response of Solr. Correct the"
                                                    + " URI"));
        };
    }

    /** Whether it is a response of Solr that reports success. */
    static boolean isSuccess(JsonResponse response) {
        return response.isSuccess() && response.body().isObject();
    }

    /** The server responds with 404 to everything. */
    static UnreachableException starting(SolrSettings settings, JsonResponse response) {
        return ServerFailures.unavailable(
                settings.serverName(),
                "it is starting or shutting down (" + response.describeStatus() + ")");
    }

    /** Solr's own reason, on one line. */
    static String reason(JsonResponse response) {
        List<String> messages = new ArrayList<>();
        response.body()
                .findValues("errorMessages")
                .forEach(all -> all.forEach(message -> messages.add(message.asText())));
        if (messages.isEmpty()) {
            messages.add(response.body().at("/error/msg").asText(response.describeStatus()));
        }
        String line = String.join("; ", messages).replaceAll("\\s+", " ").trim();
        return line.length() <= MAX_REASON_LENGTH
                ? line
                : line.substring(0, MAX_REASON_LENGTH) + "...";
    }
}
