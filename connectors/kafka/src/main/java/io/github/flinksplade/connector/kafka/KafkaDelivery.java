package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.Serializable;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How a topic is written to: what vectors and dead letters have in common. */
final class KafkaDelivery implements Serializable {

    private static final long serialVersionUID = 1L;

    static final String OPTION_DELIVERY = "delivery";
    static final String OPTION_TRANSACTION_TIMEOUT = "transaction-timeout";
    static final String OPTION_TRANSACTIONAL_ID_PREFIX = "transactional-id-prefix";
    static final String OPTION_PARTITIONS = "partitions";

    private static final String EXACTLY_ONCE = "exactly-once";
    private static final String AT_LEAST_ONCE = "at-least-once";
    private static final Duration DEFAULT_TRANSACTION_TIMEOUT = Duration.ofMinutes(15);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int BATCH_BYTES = 1 << 17;
    private static final String DEFAULT_PREFIX = "flink-splade";

    private final KafkaSettings settings;
    private final boolean exactlyOnce;
    private final String prefix;
    private final Integer partitions;
    private final Properties properties;

    private KafkaDelivery(
            KafkaSettings settings,
            boolean exactlyOnce,
            String prefix,
            Integer partitions,
            Properties properties) {
        this.settings = settings;
        this.exactlyOnce = exactlyOnce;
        this.prefix = prefix;
        this.partitions = partitions;
        this.properties = properties;
    }

    static KafkaDelivery of(KafkaSettings kafka) {
        ConnectorUri uri = kafka.uri();
        String delivery = uri.option(OPTION_DELIVERY, EXACTLY_ONCE);
        if (!delivery.equals(EXACTLY_ONCE) && !delivery.equals(AT_LEAST_ONCE)) {
            throw new ConnectorException(
                    OPTION_DELIVERY
                            + "="
                            + delivery
                            + " in "
                            + uri
                            + ": write "
                            + EXACTLY_ONCE
                            + " or "
                            + AT_LEAST_ONCE);
        }
        boolean exactlyOnce = delivery.equals(EXACTLY_ONCE);
        Properties properties = kafka.properties();
        // Brokers that are unavailable for minutes are waited for. Kafka's own two minutes and one
        // would fail the job again and again.
        properties.putIfAbsent(
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Long.toString(PATIENCE.toMillis()));
        properties.putIfAbsent(
                ProducerConfig.MAX_BLOCK_MS_CONFIG, Long.toString(PATIENCE.toMillis()));
        // What a shared client.properties may hold and the job cannot do with.
        properties.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        properties.setProperty(
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        properties.setProperty(
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        if (exactlyOnce) {
            if (uri.option(OPTION_TRANSACTION_TIMEOUT) != null) {
                Duration timeout =
                        uri.duration(
                                OPTION_TRANSACTION_TIMEOUT,
                                DEFAULT_TRANSACTION_TIMEOUT,
                                Duration.ofSeconds(1),
                                Duration.ofDays(24));
                properties.setProperty(
                        ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                        Long.toString(timeout.toMillis()));
            }
            properties.putIfAbsent(
                    ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                    Long.toString(DEFAULT_TRANSACTION_TIMEOUT.toMillis()));
        } else {
            refuseWithoutTransactions(uri, OPTION_TRANSACTION_TIMEOUT);
            refuseWithoutTransactions(uri, OPTION_TRANSACTIONAL_ID_PREFIX);
        }
        String prefix = uri.option(OPTION_TRANSACTIONAL_ID_PREFIX, DEFAULT_PREFIX);
        if (!prefix.matches("[A-Za-z0-9._-]{1,200}")) {
            throw new ConnectorException(
                    OPTION_TRANSACTIONAL_ID_PREFIX
                            + "="
                            + prefix
                            + " in "
                            + uri
                            + ": write 1 to 200 letters, digits, dots, underscores and dashes");
        }
        return new KafkaDelivery(
                kafka,
                exactlyOnce,
                prefix,
                partitions(uri, uri.option(OPTION_PARTITIONS)),
                properties);
    }

    private static void refuseWithoutTransactions(ConnectorUri uri, String option) {
        if (uri.option(option) != null) {
            throw new ConnectorException(
                    option
                            + " in "
                            + uri
                            + " has no meaning with delivery="
                            + AT_LEAST_ONCE
                            + ", which uses no transactions; leave one of them out");
        }
    }

    private static Integer partitions(ConnectorUri uri, String partitions) {
        if (partitions == null) {
            return null;
        }
        if (!partitions.matches("[1-9][0-9]{0,5}")) {
            throw new ConnectorException(
                    OPTION_PARTITIONS
                            + "="
                            + partitions
                            + " in "
                            + uri
                            + ": write a number from 1 to 999999");
        }
        return Integer.valueOf(partitions);
    }

    boolean exactlyOnce() {
        return exactlyOnce;
    }

    /** Partitions of a topic that has to be created, or empty for the broker's default. */
    Optional<Integer> partitions() {
        return Optional.ofNullable(partitions);
    }

    /** {@code transaction.timeout.ms}; only with transactions. */
    long transactionTimeoutMillis() {
        return Long.parseLong(
                properties.getProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG).trim());
    }

    /**
     * Refuses checkpoints that may take longer than a transaction lives. The broker ends an older
     * one, what the checkpoint counts as written is then gone, and Flink's committer only logs it.
     */
    void checkCommits(Duration longest) {
        if (exactlyOnce && transactionTimeoutMillis() <= longest.toMillis()) {
            throw new ConnectorException(
                    "a transaction of "
                            + settings
                            + " lives "
                            + transactionTimeoutMillis() / 1_000
                            + " s, but with these checkpoints it may be "
                            + longest.toSeconds()
                            + " s until it is committed (a checkpoint's timeout, and that or the"
                            + " interval, whichever is longer), and what it holds would be lost;"
                            + " lower checkpoint-interval or execution.checkpointing.timeout, or"
                            + " raise "
                            + OPTION_TRANSACTION_TIMEOUT
                            + " and the broker's transaction.max.timeout.ms");
        }
    }

    /** Refuses properties that no producer takes. */
    void checkProducer() {
        Properties checked = new Properties();
        checked.putAll(properties);
        if (exactlyOnce) {
            checked.setProperty(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "check");
        }
        try {
            new ProducerConfig(checked);
        } catch (ConfigException e) {
            throw KafkaFailureClassifier.explain(settings, "the properties are checked", e);
        }
    }

    /**
     * The most bytes of one record, as {@code AbstractRecords.estimateSizeInBytesUpperBound} counts
     * them: what the producer and the topic both take, whether compressed or not. A topic that
     * takes more than Kafka's default raises the producer's {@code max.request.size} with it,
     * unless that is set.
     */
    int maxRecordBytes(TopicLimits limits) {
        ProducerConfig config = new ProducerConfig(producerProperties(limits));
        return (int)
                Math.min(
                        Math.min(
                                config.getInt(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
                                config.getLong(ProducerConfig.BUFFER_MEMORY_CONFIG)),
                        limits.maxMessageBytes());
    }

    private Properties producerProperties(TopicLimits limits) {
        Properties producer = new Properties();
        producer.putAll(properties);
        if (limits.maxMessageBytes() > TopicLimits.DEFAULT.maxMessageBytes()) {
            producer.putIfAbsent(
                    ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                    Integer.toString(limits.maxMessageBytes()));
        }
        if (!producer.containsKey(ProducerConfig.BUFFER_MEMORY_CONFIG)) {
            // a vector has some KB: of Kafka's own 16 KB, few would share a request
            producer.putIfAbsent(
                    ProducerConfig.BATCH_SIZE_CONFIG,
                    Integer.toString(Math.min(BATCH_BYTES, limits.maxMessageBytes())));
        }
        return producer;
    }

    /**
     * The sink.
     *
     * @param role what the job writes to the topic, vectors or dead letters
     * @param jobId distinguishes the job's transactions from those of other jobs
     */
    <T> KafkaSink<T> sink(
            String role,
            String jobId,
            KafkaRecordSerializationSchema<T> serializer,
            TopicLimits limits) {
        KafkaSinkBuilder<T> builder =
                KafkaSink.<T>builder()
                        .setKafkaProducerConfig(producerProperties(limits))
                        .setRecordSerializer(serializer);
        if (exactlyOnce) {
            builder.setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                    .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
                    .setTransactionalIdPrefix(transactionalIdPrefix(role, jobId));
        } else {
            builder.setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE);
        }
        return builder.build();
    }

    /**
     * Ends in a colon, which no part contains: a restarted sink aborts the open transactions of its
     * topic whose id starts with its prefix, so no prefix may be the beginning of another.
     */
    String transactionalIdPrefix(String role, String jobId) {
        return prefix
                + ":"
                + settings.topic()
                + ":"
                + role
                + ":"
                + URLEncoder.encode(jobId, StandardCharsets.UTF_8)
                + ":";
    }

    /** What a pooling sink has to know of its serializer: the topic, beforehand. */
    static Optional<KafkaDatasetFacet> facet(String topic) {
        return Optional.of(
                new DefaultKafkaDatasetFacet(
                        DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic))));
    }
}
