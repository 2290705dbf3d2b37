package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.RetryLaterException;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenSearchFailureClassifierTest {

    private static final OpenSearchSettings SETTINGS =
            OpenSearchSettings.of(
                    Product.OPENSEARCH,
                    ConnectorUri.parse("opensearch://host/docs")
                            .withProperties(Map.of("api-key", "very-secret")));

    private static JsonNode error(int status, String type) throws IOException {
        return JsonHttpClient.JSON.readTree(
                "{\"status\":"
                        + status
                        + ",\"error\":{\"type\":\""
                        + type
                        + "\",\"reason\":\"outer\",\"caused_by\":{\"type\":\"x\",\"reason\":"
                        + "\"inner\"}}}");
    }

    @ParameterizedTest
    @CsvSource({
        "409, version_conflict_engine_exception, SUPERSEDED",
        "429, es_rejected_execution_exception, RETRY",
        "503, unavailable_shards_exception, RETRY",
        "500, node_not_connected_exception, RETRY",
        "403, cluster_block_exception, RETRY",
        "400, mapper_parsing_exception, REJECTED",
        "400, illegal_argument_exception, REJECTED",
        "409, resource_already_exists_exception, REJECTED",
        "500, fail_processor_exception, REJECTED"
    })
    void classifiesFailuresOfOneChange(int status, String type, Outcome.Kind kind)
            throws IOException {
        Outcome outcome = OpenSearchFailureClassifier.outcome(SETTINGS, false, error(status, type));
        assertThat(outcome.kind()).isEqualTo(kind);
        if (kind == Outcome.Kind.REJECTED || kind == Outcome.Kind.RETRY) {
            assertThat(outcome.message()).contains(status + " " + type).contains("inner");
        }
    }

    @Test
    void countsDeletesOfMissingDocumentsAsWritten() throws IOException {
        JsonNode missing = JsonHttpClient.JSON.readTree("{\"status\":404}");
        assertThat(OpenSearchFailureClassifier.outcome(SETTINGS, true, missing).kind())
                .isEqualTo(Outcome.Kind.WRITTEN);
    }

    @ParameterizedTest
    @CsvSource({
        "404, index_not_found_exception, was deleted",
        "403, security_exception, with these credentials",
        "401, security_exception, rejects the credentials"
    })
    void failsTheJobForPermanentFailures(int status, String type, String message)
            throws IOException {
        JsonNode item = error(status, type);
        assertThatThrownBy(() -> OpenSearchFailureClassifier.outcome(SETTINGS, true, item))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("very-secret");
        assertThat(OpenSearchFailureClassifier.classify(SETTINGS, response(status, item)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message);
    }

    @Test
    void classifiesFailuresOfABatch() throws IOException {
        assertThat(failure(200, "")).isNull();
        assertThat(failure(413, "x")).isInstanceOf(BatchRejectedException.class);
        assertThat(failure(400, "x")).isInstanceOf(BatchRejectedException.class);
        assertThat(failure(429, "x")).isInstanceOf(IOException.class);
        assertThat(failure(502, "x")).isInstanceOf(IOException.class);
        assertThat(failure(403, "cluster_block_exception")).isInstanceOf(IOException.class);
        // a proxy's page instead of a response
        assertThat(
                        OpenSearchFailureClassifier.classify(
                                SETTINGS, response(413, MissingNode.getInstance())))
                .isInstanceOf(BatchRejectedException.class)
                .hasMessageContaining("413");
    }

    private static Exception failure(int status, String type) throws IOException {
        return OpenSearchFailureClassifier.classify(
                SETTINGS, response(status, error(status, type)));
    }

    private static JsonResponse response(int status, JsonNode body) {
        return new JsonResponse(status, body, null, null);
    }

    @Test
    void passesOnRetryAfter() throws IOException {
        assertThat(
                        OpenSearchFailureClassifier.classify(
                                SETTINGS,
                                new JsonResponse(
                                        429, error(429, "x"), Duration.ofSeconds(9), null)))
                .isInstanceOfSatisfying(
                        RetryLaterException.class,
                        later -> assertThat(later.delay()).isEqualTo(Duration.ofSeconds(9)));
    }

    @Test
    void reportsAnOverloadedServerAsUnavailable() throws IOException {
        try (OpenSearchConnection connection = new OpenSearchConnection(SETTINGS)) {
            assertThat(connection.unavailable(response(503, error(503, "x"))))
                    .hasMessageContaining(
                            "OpenSearch at http://host:9200 is unavailable: HTTP 503 x");
        }
    }
}
