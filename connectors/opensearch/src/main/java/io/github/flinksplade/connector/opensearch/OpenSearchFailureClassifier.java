package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.BatchRefusedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.opensearch.RestClient.Answer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

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
    static Outcome outcome(Place place, boolean isDelete, JsonNode item) {
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
    static Exception failureOfBatch(Place place, Answer answer) {
        int status = answer.status();
        if (answer.isFine()) {
            return null;
        }
        if (status == 401 || status == 403) {
            return isBlocked(answer) ? again(answer) : forbidden(place, "written", status);
        }
        if (status == 404 && isMissing(answer)) {
            return gone(place);
        }
        if (status == 400 || status == 413) {
            return new BatchRefusedException(said(answer));
        }
        return again(answer);
    }

    private static IOException again(Answer answer) {
        return new IOException(said(answer));
    }

    private static boolean isBlocked(Answer answer) {
        return answer.body().at("/error/type").asText().equals("cluster_block_exception");
    }

    static boolean isMissing(Answer answer) {
        return answer.status() == 404
                && answer.body().at("/error/type").asText().equals("index_not_found_exception");
    }

    static ConnectorException gone(Place place) {
        return new ConnectorException(
                place
                        + " is gone, or another one has taken its place; start the job anew with"
                        + " --reindex, which creates and fills it");
    }

    /** What the user is told when something other than a batch was refused. */
    static ConnectorException refused(Place place, String done, Answer answer) {
        if (answer.status() == 401 || answer.status() == 403) {
            return forbidden(place, done, answer.status());
        }
        return new ConnectorException(place + " cannot be " + done + ": " + said(answer));
    }

    private static ConnectorException forbidden(Place place, String done, int status) {
        String credentials =
                "; correct username and password, or api-key, in "
                        + place.product().scheme()
                        + ".properties";
        return new ConnectorException(
                status == 401
                        ? place.server()
                                + (place.authorization() == null
                                        ? " wants credentials, and none are given"
                                        : " refuses the credentials")
                                + credentials
                        : place
                                + " must not be "
                                + done
                                + " with these credentials"
                                + credentials
                                + ", or give them the rights");
    }

    /** What the user is told when no answer came. */
    static ConnectorException unreachable(Place place, Throwable failure) {
        if (failure instanceof ConnectorException told) {
            return told;
        }
        return new UnreachableException(
                place.product().title()
                        + " cannot be reached at "
                        + place.server()
                        + ": "
                        + reason(failure)
                        + "; see whether it runs, and whether the address and tls are right",
                failure);
    }

    private static String reason(Throwable failure) {
        if (failure.getCause() instanceof UnresolvedAddressException
                || failure instanceof UnknownHostException) {
            return "no such host";
        }
        if (failure instanceof HttpTimeoutException || failure instanceof TimeoutException) {
            return "no answer in time";
        }
        if (failure instanceof ConnectException) {
            return "the connection was refused";
        }
        if (failure instanceof SSLException) {
            return "its certificate was not accepted, or it does not speak TLS (the property ca"
                    + " names the certificates of authorities)";
        }
        return "the connection broke";
    }

    private static String said(Answer answer) {
        JsonNode error = answer.body().path("error");
        return "the server answered "
                + answer.status()
                + (error.isMissingNode() ? "" : " " + reason(error));
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
