package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Tells Solr's failures apart: what to say, and whether to try again. */
final class SolrFailureClassifier {

    private static final int LONGEST_REASON = 500;

    private SolrFailureClassifier() {}

    /** Why a batch was not taken; see {@link io.github.flinksplade.connector.BatchClient#send}. */
    static Exception ofBatch(SolrSettings place, JsonResponse answer) {
        return switch (answer.status()) {
            case 400, 413 ->
                    isSchemaGone(answer)
                            ? refused("write to", place, answer)
                            : new BatchRejectedException(reason(answer));
            case 401, 403, 404 -> refused("write to", place, answer);
            // 429 of a rate limiter or circuit breaker, 503 of a server that starts, 409 of a
            // change that another got ahead of, anything inside the server
            default -> answer.retry(answer.describeStatus() + ": " + reason(answer));
        };
    }

    /** A field of ours that Solr does not know is no fault of the documents. */
    private static boolean isSchemaGone(JsonResponse answer) {
        String reason = reason(answer);
        return SolrSchema.FIELD_NAMES.stream()
                        .anyMatch(name -> reason.contains("unknown field '" + name + "'"))
                || reason.contains("No such processor " + SolrSchema.PROCESSOR);
    }

    /** What an answer that is no success means to the user. */
    static ConnectorException refused(String doing, SolrSettings place, JsonResponse answer) {
        String what = "cannot " + doing + " " + place + ": ";
        return switch (answer.status()) {
            case 401 ->
                    new ConnectorException(
                            what
                                    + (place.connection().hasCredentials()
                                            ? "it rejects the credentials. "
                                            : "it requires credentials, and none are set. ")
                                    + place.connection().credentialsHint());
            case 403 ->
                    new ConnectorException(
                            what
                                    + "the user lacks a permission. Grant it Solr's permissions read,"
                                    + " update, schema-read, schema-edit, config-read and"
                                    + " config-edit");
            case 404 ->
                    new ConnectorException(
                            what + "it is not there; create it by starting the job anew");
            default ->
                    new ConnectorException(
                            what
                                    + (answer.body().isObject()
                                            ? reason(answer)
                                            : answer.describeStatus()
                                                    + ", not an answer of Solr. Correct the URI"));
        };
    }

    /** Whether it is an answer of Solr's, and none of failure. */
    static boolean isSuccess(JsonResponse answer) {
        return answer.isSuccess() && answer.body().isObject();
    }

    /** What the user is told when there is no response. */
    static UnreachableException unreachable(SolrSettings place, IOException failure) {
        return new UnreachableException(
                "Solr at "
                        + place.server()
                        + " is unavailable: "
                        + failure.getMessage()
                        + ". Check that it runs, and that host, port and tls are correct",
                failure);
    }

    /** What the user is told when Solr or a proxy has no time, or Solr starts. */
    static UnreachableException unavailable(SolrSettings place, JsonResponse answer) {
        return new UnreachableException(
                "Solr at "
                        + place.server()
                        + " is unavailable, starting or shutting down: "
                        + reason(answer)
                        + ". Wait until it has recovered",
                null);
    }

    /** Solr's own words, in one line. */
    static String reason(JsonResponse answer) {
        List<String> messages = new ArrayList<>();
        answer.body()
                .findValues("errorMessages")
                .forEach(all -> all.forEach(message -> messages.add(message.asText())));
        if (messages.isEmpty()) {
            messages.add(answer.body().at("/error/msg").asText(answer.describeStatus()));
        }
        String line = String.join("; ", messages).replaceAll("\\s+", " ").trim();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "...";
    }
}
