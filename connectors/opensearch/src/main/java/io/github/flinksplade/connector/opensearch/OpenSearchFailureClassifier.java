package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.connector.http.ServerFailures;
import java.io.IOException;

/**
 * Classifies failures as permanent or retryable, and explains them to the user.
 *
 * <table>
 * <caption>One change of a batch</caption>
 * <tr><td>2xx; 404 of a delete</td><td>written: there was no document to delete</td></tr>
 * <tr><td>409, a version conflict</td><td>superseded: the stored version is higher, since an equal
 *     one is overwritten</td></tr>
 * <tr><td>429, 5xx; 403 of a blocked index</td><td>retried: a queue is full, a shard is unavailable,
 *     a disk is too full</td></tr>
 * <tr><td>404 of the index, 401, 403</td><td>the job fails</td></tr>
 * <tr><td>anything else, and a failed ingest pipeline</td><td>the document is rejected</td></tr>
 * </table>
 */
final class OpenSearchFailureClassifier {

    private OpenSearchFailureClassifier() {}

    /** The outcome of a change, from its item in the response to a batch. */
    static Outcome outcome(OpenSearchSettings settings, boolean isDelete, JsonNode item) {
        int status = item.path("status").asInt();
        String type = item.at("/error/type").asText();
        if (status / 100 == 2 || status == 404 && isDelete && type.isEmpty()) {
            return Outcome.written();
        }
        String message = status + " " + reason(item.path("error"));
        if (type.equals("version_conflict_engine_exception")) {
            return Outcome.superseded();
        }
        if (type.equals("fail_processor_exception")) {
            return Outcome.rejected(message);
        }
        if (status == 429 || status / 100 == 5 || type.equals("cluster_block_exception")) {
            return Outcome.retry(message);
        }
        if (type.equals("index_not_found_exception")) {
            throw deleted(settings);
        }
        if (status == 401 || status == 403) {
            throw denied(settings, "write to", status);
        }
        return Outcome.rejected(message);
    }

    /** The failure of a whole batch; null if the response is successful. */
    static Exception classify(OpenSearchSettings settings, JsonResponse response) {
        int status = response.status();
        if (response.isSuccess()) {
            return null;
        }
        if (status == 401 || status == 403) {
            return isBlocked(response) ? retry(response) : denied(settings, "write to", status);
        }
        if (isMissing(response)) {
            return deleted(settings);
        }
        if (status == 400 || status == 413) {
            return new BatchRejectedException(reason(response));
        }
        return retry(response);
    }

    private static IOException retry(JsonResponse response) {
        return response.retry(reason(response));
    }

    private static boolean isBlocked(JsonResponse response) {
        return response.body().at("/error/type").asText().equals("cluster_block_exception");
    }

    /** Whether the index does not exist. */
    static boolean isMissing(JsonResponse response) {
        return response.status() == 404
                && response.body().at("/error/type").asText().equals("index_not_found_exception");
    }

    /** The index was deleted, or deleted and recreated, while the job was writing to it. */
    static ConnectorException deleted(OpenSearchSettings settings) {
        return new ConnectorException(
                settings.location()
                        + " was deleted or replaced by another index. Restart the job with --reindex"
                        + " to create and fill it");
    }

    /**
     * The message for the user.
     *
     * @param action what failed: {@code create}
     */
    static ConnectorException explain(
            OpenSearchSettings settings, String action, JsonResponse response) {
        if (response.status() == 401 || response.status() == 403) {
            return denied(settings, action, response.status());
        }
        return new ConnectorException(
                "cannot " + action + " " + settings.location() + ": " + reason(response));
    }

    private static ConnectorException denied(
            OpenSearchSettings settings, String action, int status) {
        if (status == 401) {
            return ServerFailures.unauthorized(settings.serverName(), settings.connection);
        }
        return new ConnectorException(
                "cannot "
                        + action
                        + " "
                        + settings.location()
                        + " with these credentials (HTTP 403). Grant the user the privileges, or use"
                        + " other credentials. "
                        + settings.connection.credentialsHint());
    }

    /** The status, and the server's own reason. */
    static String reason(JsonResponse response) {
        JsonNode error = response.body().path("error");
        return response.describeStatus() + (error.isMissingNode() ? "" : " " + reason(error));
    }

    /** Type and reason, with the innermost cause, which is the most specific. */
    private static String reason(JsonNode error) {
        if (error.isTextual()) {
            return error.asText();
        }
        String reason = error.path("type").asText() + ": " + error.path("reason").asText();
        JsonNode cause = error;
        while (cause.has("caused_by")) {
            cause = cause.path("caused_by");
        }
        return (cause == error ? reason : reason + ": " + cause.path("reason").asText())
                .replace('\n', ' ');
    }
}
