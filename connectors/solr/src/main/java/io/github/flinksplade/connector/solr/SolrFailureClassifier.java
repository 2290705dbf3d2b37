package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchRefusedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.solr.SolrHttp.Answer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;

/** Tells Solr's failures apart: what to say, and whether to try again. */
final class SolrFailureClassifier {

    private static final int LONGEST_REASON = 500;

    private SolrFailureClassifier() {}

    /** Why a batch was not taken; see {@link io.github.flinksplade.connector.BatchClient#send}. */
    static Exception ofBatch(SolrPlace place, Answer answer) {
        return switch (answer.status()) {
            case 400, 413 ->
                    isSchemaGone(answer)
                            ? refused("write to", place, answer)
                            : new BatchRefusedException(reason(answer));
            case 401, 403, 404 -> refused("write to", place, answer);
            // 429 of a rate limiter or circuit breaker, 503 of a server that starts, 409 of a
            // change that another got ahead of, anything inside the server
            default -> new IOException("HTTP " + answer.status() + ": " + reason(answer));
        };
    }

    /** A field of ours that Solr does not know is no fault of the documents. */
    private static boolean isSchemaGone(Answer answer) {
        String reason = reason(answer);
        return SolrSchema.FIELD_NAMES.stream()
                        .anyMatch(name -> reason.contains("unknown field '" + name + "'"))
                || reason.contains("No such processor " + SolrSchema.PROCESSOR);
    }

    /** What an answer that is no success means to the user. */
    static ConnectorException refused(String doing, SolrPlace place, Answer answer) {
        String what = "cannot " + doing + " " + place + ": ";
        return switch (answer.status()) {
            case 401 ->
                    new ConnectorException(
                            what
                                    + (place.authorization() == null
                                            ? "it wants a user and password; write them under"
                                                    + " solr.properties in the job's file"
                                            : "user or password is wrong; correct solr.properties in the"
                                                    + " job's file"));
            case 403 ->
                    new ConnectorException(
                            what
                                    + "the user may not; give it Solr's permissions read, update,"
                                    + " schema-read, schema-edit, config-read and config-edit");
            case 404 ->
                    new ConnectorException(
                            what + "it is not there; create it by starting the job anew");
            default ->
                    new ConnectorException(
                            what
                                    + (answer.body() == null
                                            ? "HTTP "
                                                    + answer.status()
                                                    + ", not an answer of Solr; correct the address"
                                            : reason(answer)));
        };
    }

    static ConnectorException unreachable(SolrPlace place, Throwable failure) {
        return new UnreachableException(
                "cannot reach Solr at "
                        + place.server()
                        + ": "
                        + reason(failure)
                        + "; start it or correct the address",
                failure);
    }

    private static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException
                    || cause instanceof UnknownHostException) {
                return "no such host";
            }
        }
        if (failure instanceof ConnectException) {
            return "nothing accepts connections there";
        }
        if (failure instanceof HttpTimeoutException) {
            return "no answer in time";
        }
        if (failure instanceof SSLException) {
            return "no TLS connection: its certificate is not of an authority that Java or the"
                    + " property ca trusts, or it speaks no TLS";
        }
        return "it breaks the connection ("
                + failure.getMessage()
                + "), as one that speaks TLS does without tls=true";
    }

    /** Solr's own words, in one line. */
    static String reason(Answer answer) {
        if (answer.body() == null) {
            return "HTTP " + answer.status();
        }
        List<String> messages = new ArrayList<>();
        answer.body()
                .findValues("errorMessages")
                .forEach(all -> all.forEach(message -> messages.add(message.asText())));
        if (messages.isEmpty()) {
            messages.add(answer.body().at("/error/msg").asText("HTTP " + answer.status()));
        }
        String line = String.join("; ", messages).replaceAll("\\s+", " ").trim();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "...";
    }
}
