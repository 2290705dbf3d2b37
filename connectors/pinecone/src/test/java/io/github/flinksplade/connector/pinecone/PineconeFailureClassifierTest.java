package io.github.flinksplade.connector.pinecone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.BatchRejectedException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.grpc.Status;
import io.pinecone.exceptions.PineconeAuthorizationException;
import io.pinecone.exceptions.PineconeInternalServerException;
import io.pinecone.exceptions.PineconeUnmappedHttpException;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PineconeFailureClassifierTest {

    private static final PineconeSettings SETTINGS =
            PineconeSettings.of(
                    ConnectorUri.parse("pinecone:idx").withProperties(Map.of("api-key", "k")));

    private static Exception classify(Status status) {
        return classify(status.withDescription("why").asRuntimeException());
    }

    private static Exception classify(Throwable failure) {
        return PineconeFailureClassifier.classify(SETTINGS, failure);
    }

    @Test
    void retriesTemporaryFailures() {
        for (Status status :
                new Status[] {
                    Status.UNAVAILABLE,
                    Status.RESOURCE_EXHAUSTED,
                    Status.DEADLINE_EXCEEDED,
                    Status.INTERNAL,
                    Status.ABORTED,
                    Status.UNKNOWN
                }) {
            assertThat(classify(status))
                    .as(status.toString())
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessageContaining(
                            status == Status.DEADLINE_EXCEEDED
                                    ? "no complete response within 1 min"
                                    : "why");
        }
        assertThat(classify(new PineconeInternalServerException("{}")))
                .isExactlyInstanceOf(IOException.class);
        String tooMany = "{\"error\":{\"message\":\"too many\"},\"status\":429}";
        assertThat(classify(new PineconeUnmappedHttpException(tooMany)))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("too many");
    }

    @Test
    void rejectsBatchesWithInvalidRecords() {
        assertThat(classify(Status.INVALID_ARGUMENT)).isInstanceOf(BatchRejectedException.class);
        assertThat(classify(Status.OUT_OF_RANGE)).isInstanceOf(BatchRejectedException.class);
    }

    @Test
    void failsTheJobForPermanentFailures() {
        assertThat(classify(Status.UNAUTHENTICATED))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("API key");
        assertThat(classify(Status.NOT_FOUND))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("was deleted");
        assertThat(classify(new PineconeAuthorizationException("{}")))
                .isInstanceOf(ConnectorException.class);
        assertThatThrownBy(() -> classify(new NoClassDefFoundError("x")))
                .isInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void countsDeletesInMissingNamespacesAsWritten() {
        assertThat(
                        PineconeFailureClassifier.isNothingToDelete(
                                Status.NOT_FOUND
                                        .withDescription("Namespace not found")
                                        .asRuntimeException()))
                .isTrue();
        assertThat(
                        PineconeFailureClassifier.isNothingToDelete(
                                Status.NOT_FOUND
                                        .withDescription("Index not found")
                                        .asRuntimeException()))
                .isFalse();
    }
}
