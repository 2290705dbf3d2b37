package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.kafka.common.config.TopicConfig;

/** A topic of dead letters. */
final class KafkaDeadLetters implements DeadLetterQueue {

    /**
     * Settings of a topic that has to be created. Dead letters have the timestamps of their
     * originals, so that a retention by time could delete them at once; and they are what was too
     * large or too strange elsewhere.
     */
    private static final Map<String, String> TOPIC_SETTINGS =
            Map.of(
                    TopicConfig.CLEANUP_POLICY_CONFIG,
                    TopicConfig.CLEANUP_POLICY_DELETE,
                    TopicConfig.RETENTION_MS_CONFIG,
                    "-1",
                    TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                    Integer.toString(16 * 1024 * 1024),
                    TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
                    Long.toString(Long.MAX_VALUE));

    private final KafkaSettings settings;
    private final KafkaProducerSettings delivery;

    private KafkaDeadLetters(KafkaSettings settings, KafkaProducerSettings delivery) {
        this.settings = settings;
        this.delivery = delivery;
    }

    static KafkaDeadLetters of(ConnectorUri uri) {
        KafkaSettings kafka = KafkaSettings.of(uri.allowOptions(KafkaProducerSettings.OPTIONS));
        return new KafkaDeadLetters(kafka, KafkaProducerSettings.of(kafka));
    }

    @Override
    public PreparedDeadLetterQueue prepare(String jobId) {
        delivery.checkProducer();
        TopicLimits limits;
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            if (delivery.isExactlyOnce()) {
                connection.checkTransactionTimeout(delivery.transactionTimeoutMillis());
            }
            if (!connection.topicExists()) {
                connection.createTopic(delivery.partitions(), TOPIC_SETTINGS);
            }
            limits = connection.topicLimits();
        }
        if (limits.isCompacted()) {
            throw new ConnectorException(
                    "topic '"
                            + settings.topic()
                            + "' is compacted: it rejects dead letters without a key and keeps only"
                            + " the last of each key. Write dead letters to a topic with"
                            + " cleanup.policy=delete.");
        }
        return new PreparedDeadLetters(settings.topic(), delivery, limits, jobId);
    }

    private record PreparedDeadLetters(
            String topic, KafkaProducerSettings delivery, TopicLimits limits, String jobId)
            implements PreparedDeadLetterQueue {

        @Override
        public void checkCommits(Duration longest) {
            delivery.checkCommits(longest);
        }

        @Override
        public Sink<DeadLetter> sink() {
            return delivery.sink(
                    "dead-letters",
                    jobId,
                    new DeadLetterSerializer(topic, delivery.maxRecordBytes(limits), limits),
                    limits);
        }
    }
}
