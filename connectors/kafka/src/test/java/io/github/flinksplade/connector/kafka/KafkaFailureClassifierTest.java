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

    private static final KafkaSettings SETTINGS =
            KafkaSettings.of(ConnectorUri.parse("kafka://no-such-host.invalid:9092/vectors"));

    /** DNS may be unavailable while a cluster starts; the job must wait for it. */
    @Test
    void unresolvedHostIsTransient() {
        Map<String, Object> properties = Map.of("bootstrap.servers", SETTINGS.servers());
        assertThatThrownBy(() -> Admin.create(properties).close())
                .isInstanceOf(KafkaException.class)
                .satisfies(
                        failure -> {
                            assertThat(KafkaFailureClassifier.isTransient(failure)).isTrue();
                            assertThat(
                                            KafkaFailureClassifier.explain(
                                                    SETTINGS, "connecting", failure))
                                    .isInstanceOf(UnreachableException.class)
                                    .hasMessage(
                                            "no broker name in no-such-host.invalid:9092 can be"
                                                    + " resolved. Correct "
                                                    + SETTINGS
                                                    + ", or check DNS.");
                        });
    }

    @Test
    void explainsFailuresThatFlinkPassesOn() {
        assertThat(KafkaFailureClassifier.explain(new TimeoutException("10 ms has passed")))
                .isEqualTo(
                        "Kafka did not respond in time (10 ms has passed). Check that its brokers"
                                + " are running.");
        assertThat(KafkaFailureClassifier.explain(new ProducerFencedException("a newer producer")))
                .contains("(a newer producer)")
                .contains("transactional-id-prefix");
        assertThat(KafkaFailureClassifier.explain(new RecordTooLargeException("1 > 0")))
                .isEqualTo("Kafka failed: 1 > 0");
        assertThat(KafkaFailureClassifier.explain(new IllegalStateException("vectors"))).isNull();
    }
}
