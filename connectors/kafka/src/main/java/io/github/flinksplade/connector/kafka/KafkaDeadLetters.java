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

/** Writes dead letters to a topic. */
final class KafkaDeadLetters implements DeadLetterQueue {

    /**
     * Configuration of a topic that the job creates. Dead letters have the timestamps of the
     * original records, so retention by time could delete them immediately, and they may be records
     * that were too large for another topic.
     */
    private static final Map<String, String> TOPIC_CONFIG =
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
    private final KafkaProducerSettings producer;

    private KafkaDeadLetters(KafkaSettings settings, KafkaProducerSettings producer) {
        this.settings = settings;
        this.producer = producer;
    }

    static KafkaDeadLetters of(ConnectorUri uri) {
        KafkaSettings settings = KafkaSettings.of(uri.allowOptions(KafkaProducerSettings.OPTIONS));
        return new KafkaDeadLetters(settings, KafkaProducerSettings.of(settings));
    }

    @Override
    public PreparedDeadLetterQueue prepare(String jobId) {
        producer.checkProducer();
        TopicLimits limits;
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            if (producer.isExactlyOnce()) {
                connection.checkTransactionTimeout(producer.transactionTimeoutMillis());
            }
            if (!connection.topicExists()) {
                connection.createTopic(producer.partitions(), TOPIC_CONFIG);
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
        return new PreparedDeadLetters(settings.topic(), producer, limits, jobId);
    }

    private record PreparedDeadLetters(
            String topic, KafkaProducerSettings producer, TopicLimits limits, String jobId)
            implements PreparedDeadLetterQueue {

        @Override
        public void checkCommits(Duration maxCommitDelay) {
            producer.checkCommits(maxCommitDelay);
        }

        @Override
        public Sink<DeadLetter> sink() {
            return producer.sink(
                    "dead-letters",
                    jobId,
                    new DeadLetterSerializer(topic, producer.maxRecordBytes(limits), limits),
                    limits);
        }
    }
}
