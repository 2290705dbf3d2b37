package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;

/**
 * What a server's answers mean.
 *
 * <table>
 * <caption>Of one change in a batch</caption>
 * <tr><td>2xx; 404 of a delete</td><td>written: nothing was there to be deleted</td></tr>
 * <tr><td>409, a version conflict</td><td>superseded: conflicts are with higher versions only, since
 *     an equal one is written over</td></tr>
 * <tr><td>429, 5xx; 403 of a blocked index</td><td>sent again: a queue is full, a shard away, a disk
 *     too full</td></tr>
 * <tr><td>404 of the index, 401, 403</td><td>the job fails</td></tr>
 * <tr><td>anything else, and what an ingest pipeline fails</td><td>that document's rejection</td></tr>
 * </table>
 */
final class OpenSearchFailureClassifier {

    private OpenSearchFailureClassifier() {}

    /** What became of a change, by its part of the answer to a batch. */
    static Outcome outcome(OpenSearchSettings place, boolean isDelete, JsonNode item) {
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
            throw gone(place);
        }
        if (status == 401 || status == 403) {
            throw forbidden(place, "written", status);
        }
        return Outcome.rejected(message);
    }

    /** Why a whole batch was not taken; null where it was. */
    static Exception failureOfBatch(OpenSearchSettings place, JsonResponse answer) {
        int status = answer.status();
        if (answer.isSuccess()) {
            return null;
        }
        if (status == 401 || status == 403) {
            return isBlocked(answer) ? again(answer) : forbidden(place, "written", status);
        }
        if (status == 404 && isMissing(answer)) {
            return gone(place);
        }
        if (status == 400 || status == 413) {
            return new BatchRejectedException(said(answer));
        }
        return again(answer);
    }

    private static IOException again(JsonResponse answer) {
        return answer.retry(said(answer));
    }

    private static boolean isBlocked(JsonResponse answer) {
        return answer.body().at("/error/type").asText().equals("cluster_block_exception");
    }

    static boolean isMissing(JsonResponse answer) {
        return answer.status() == 404
                && answer.body().at("/error/type").asText().equals("index_not_found_exception");
    }

    static ConnectorException gone(OpenSearchSettings place) {
        return new ConnectorException(
                place
                        + " is gone, or another one has taken its place; start the job anew with"
                        + " --reindex, which creates and fills it");
    }

    /** What the user is told when something other than a batch was refused. */
    static ConnectorException refused(OpenSearchSettings place, String done, JsonResponse answer) {
        if (answer.status() == 401 || answer.status() == 403) {
            return forbidden(place, done, answer.status());
        }
        return new ConnectorException(place + " cannot be " + done + ": " + said(answer));
    }

    private static ConnectorException forbidden(OpenSearchSettings place, String done, int status) {
        String message;
        if (status == 403) {
            message =
                    place
                            + " cannot be "
                            + done
                            + " with these credentials (HTTP 403). Grant the user the rights, or use"
                            + " other credentials. ";
        } else if (place.connection().hasCredentials()) {
            message = place.server() + " rejects the credentials (HTTP 401). ";
        } else {
            message = place.server() + " requires credentials, and none are set (HTTP 401). ";
        }
        return new ConnectorException(message + place.connection().credentialsHint());
    }

    /** What the user is told when there is no response. */
    static UnreachableException unreachable(OpenSearchSettings place, IOException failure) {
        return new UnreachableException(
                place.product().title()
                        + " at "
                        + place.server()
                        + " is unavailable: "
                        + failure.getMessage()
                        + ". Check that it runs, and that host, port and tls are correct",
                failure);
    }

    /** What the user is told when the server or a proxy has no time. */
    static UnreachableException unavailable(OpenSearchSettings place, JsonResponse answer) {
        return new UnreachableException(
                place.product().title()
                        + " at "
                        + place.server()
                        + " is unavailable: "
                        + said(answer)
                        + ". Wait until it has recovered",
                null);
    }

    private static String said(JsonResponse answer) {
        JsonNode error = answer.body().path("error");
        return answer.describeStatus() + (error.isMissingNode() ? "" : " " + reason(error));
    }

    /** Type and reason, with the innermost cause, which is what tells. */
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
