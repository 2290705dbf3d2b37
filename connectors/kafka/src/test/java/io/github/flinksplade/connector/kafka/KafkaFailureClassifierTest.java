package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.UnreachableException;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class KafkaFailureClassifierTest {

    private static final KafkaSettings ADDRESS =
            KafkaSettings.of(ConnectorUri.parse("kafka://no-such-host.invalid:9092/vectors"));

    /** DNS may be unavailable while a cluster starts, and then the job must wait. */
    @Test
    void hostWithoutAddressIsUnavailableAndNotInvalid() {
        Map<String, Object> properties = Map.of("bootstrap.servers", ADDRESS.servers());
        assertThatThrownBy(() -> Admin.create(properties).close())
                .isInstanceOf(KafkaException.class)
                .satisfies(
                        failure -> {
                            assertThat(KafkaFailureClassifier.isTransient(failure)).isTrue();
                            assertThat(
                                            KafkaFailureClassifier.explain(
                                                    ADDRESS, "connecting", failure))
                                    .isInstanceOf(UnreachableException.class)
                                    .hasMessage(
                                            "the name of no broker in no-such-host.invalid:9092 can"
                                                    + " be resolved; correct "
                                                    + ADDRESS
                                                    + ", or check DNS");
                        });
    }

    @Test
    void failuresThatFlinkPassesOnAreExplained() {
        assertThat(KafkaFailureClassifier.explain(new TimeoutException("10 ms has passed")))
                .isEqualTo(
                        "Kafka did not answer in time (10 ms has passed). Check that its brokers"
                                + " run.");
        assertThat(KafkaFailureClassifier.explain(new ProducerFencedException("a newer producer")))
                .contains("(a newer producer)")
                .contains("transactional-id-prefix");
        assertThat(KafkaFailureClassifier.explain(new RecordTooLargeException("1 > 0")))
                .isEqualTo("Kafka failed: 1 > 0");
        assertThat(KafkaFailureClassifier.explain(new IllegalStateException("vectors"))).isNull();
    }
}
