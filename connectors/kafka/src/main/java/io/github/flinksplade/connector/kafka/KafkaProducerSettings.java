package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Quantities;
import java.io.Serializable;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.record.AbstractRecords;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How vectors and dead letters are written to a topic: guarantee, transactions, properties. */
final class KafkaProducerSettings implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Values of the option {@code delivery}. */
    private enum Guarantee {
        EXACTLY_ONCE,
        AT_LEAST_ONCE;

        @Override
        public String toString() {
            return name().replace('_', '-').toLowerCase(Locale.ROOT);
        }
    }

    private static final Duration DEFAULT_TRANSACTION_TIMEOUT = Duration.ofMinutes(15);
    private static final Duration OUTAGE_TIMEOUT = Duration.ofMinutes(10);
    private static final int BATCH_BYTES = 1 << 17;
    private static final Pattern PREFIX = Pattern.compile("[^:]+:([^:]+):[^:]+:[^:]+:");

    private static final ConnectorOption<Guarantee> DELIVERY =
            ConnectorOption.choice(
                    "delivery",
                    Guarantee.class,
                    Guarantee.EXACTLY_ONCE,
                    "`exactly-once` writes in transactions, one per checkpoint, which consumers"
                            + " read with `isolation.level=read_committed`");
    static final ConnectorOption<Duration> TRANSACTION_TIMEOUT =
            ConnectorOption.duration(
                            "transaction-timeout",
                            null,
                            Duration.ofSeconds(1),
                            Duration.ofDays(24),
                            "how long the broker keeps the open transaction of a job that is down:"
                                    + " keep it above your longest outage, because a longer one"
                                    + " loses what the last checkpoint wrote; rejected if it"
                                    + " exceeds the broker's `transaction.max.timeout.ms` or is"
                                    + " too short for the job's checkpoints")
                    .withDefaultText(Quantities.format(DEFAULT_TRANSACTION_TIMEOUT));

    /** Two jobs that write to one topic have different job ids, so they may share a prefix. */
    static final ConnectorOption<String> TRANSACTIONAL_ID_PREFIX =
            ConnectorOption.text(
                    "transactional-id-prefix",
                    "1 to 200 letters, digits, dots, underscores and dashes",
                    "flink-splade",
                    "start of the transactional ids, for brokers that restrict them",
                    KafkaProducerSettings::checkPrefix);

    private static final ConnectorOption<Long> PARTITIONS =
            ConnectorOption.number(
                            "partitions",
                            0,
                            1,
                            999_999,
                            "number of partitions of a topic that the job creates")
                    .withDefaultText("the broker's `num.partitions`");

    /** The options of a topic that is written to. */
    static final List<ConnectorOption<?>> OPTIONS =
            List.of(
                    DELIVERY,
                    TRANSACTION_TIMEOUT,
                    TRANSACTIONAL_ID_PREFIX,
                    PARTITIONS,
                    KafkaSettings.PROPERTIES);

    private final KafkaSettings settings;
    private final boolean isExactlyOnce;
    private final String prefix;

    /** Of a topic that the job creates; 0 for the broker's default. */
    private final int partitions;

    private final Properties properties;

    private KafkaProducerSettings(
            KafkaSettings settings,
            boolean isExactlyOnce,
            String prefix,
            int partitions,
            Properties properties) {
        this.settings = settings;
        this.isExactlyOnce = isExactlyOnce;
        this.prefix = prefix;
        this.partitions = partitions;
        this.properties = properties;
    }

    static KafkaProducerSettings of(KafkaSettings settings) {
        ConnectorUri uri = settings.uri();
        boolean isExactlyOnce = DELIVERY.get(uri) == Guarantee.EXACTLY_ONCE;
        Properties properties = settings.properties();
        // Brokers may be unavailable for minutes. Kafka's own timeouts of two minutes and one would
        // fail the job repeatedly.
        properties.putIfAbsent(
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                Long.toString(OUTAGE_TIMEOUT.toMillis()));
        properties.putIfAbsent(
                ProducerConfig.MAX_BLOCK_MS_CONFIG, Long.toString(OUTAGE_TIMEOUT.toMillis()));
        // A shared client.properties may contain values that do not work here.
        properties.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        properties.setProperty(
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        properties.setProperty(
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        if (isExactlyOnce) {
            Duration timeout = TRANSACTION_TIMEOUT.get(uri);
            if (timeout != null) {
                properties.setProperty(
                        ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                        Long.toString(timeout.toMillis()));
            }
            properties.putIfAbsent(
                    ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                    Long.toString(DEFAULT_TRANSACTION_TIMEOUT.toMillis()));
        } else {
            rejectWithoutTransactions(uri, TRANSACTION_TIMEOUT);
            rejectWithoutTransactions(uri, TRANSACTIONAL_ID_PREFIX);
        }
        return new KafkaProducerSettings(
                settings,
                isExactlyOnce,
                TRANSACTIONAL_ID_PREFIX.get(uri),
                PARTITIONS.get(uri).intValue(),
                properties);
    }

    private static void rejectWithoutTransactions(ConnectorUri uri, ConnectorOption<?> option) {
        if (uri.option(option.name()) != null) {
            throw new ConnectorException(
                    option.name()
                            + " in "
                            + uri
                            + " has no effect with "
                            + DELIVERY.name()
                            + "="
                            + Guarantee.AT_LEAST_ONCE
                            + ", which uses no transactions. Remove one of them.");
        }
    }

    private static String checkPrefix(String prefix) {
        if (!prefix.matches("[A-Za-z0-9._-]{1,200}")) {
            throw new IllegalArgumentException(
                    "'"
                            + prefix
                            + "' is not valid. Write 1 to 200 letters, digits, dots, underscores"
                            + " and dashes.");
        }
        return prefix;
    }

    boolean isExactlyOnce() {
        return isExactlyOnce;
    }

    /** Number of partitions of a topic that the job creates; empty for the broker's default. */
    Optional<Integer> partitions() {
        return partitions == 0 ? Optional.empty() : Optional.of(partitions);
    }

    /** {@code transaction.timeout.ms}; only with transactions. */
    long transactionTimeoutMillis() {
        return Long.parseLong(
                properties.getProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG).trim());
    }

    /**
     * Rejects checkpoints that may take longer than the transaction timeout. The broker aborts a
     * transaction that is open for longer: its records are lost although the checkpoint covers
     * them, and Flink's committer only logs it.
     */
    void checkCommits(Duration maxCommitDelay) {
        if (isExactlyOnce && transactionTimeoutMillis() <= maxCommitDelay.toMillis()) {
            throw new ConnectorException(
                    "the transaction timeout of "
                            + settings
                            + " ("
                            + transactionTimeoutMillis() / 1_000
                            + " s) is too short for the job's checkpoints: it may take "
                            + maxCommitDelay.toSeconds()
                            + " s until a transaction is committed (a checkpoint's timeout, plus"
                            + " that or the interval, whichever is longer), and its records would"
                            + " be lost. Lower checkpoint-interval or"
                            + " execution.checkpointing.timeout, or raise "
                            + TRANSACTION_TIMEOUT.name()
                            + " and the broker's transaction.max.timeout.ms.");
        }
    }

    /** Rejects properties that are not valid for a producer. */
    void checkProducer() {
        Properties checked = new Properties();
        checked.putAll(properties);
        if (isExactlyOnce) {
            checked.setProperty(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "check");
        }
        try {
            new ProducerConfig(checked);
        } catch (ConfigException e) {
            throw KafkaFailureClassifier.explain(settings, "checking the properties", e);
        }
    }

    /**
     * The max size of a record, as {@link #sizeOf} counts it, that both the producer and the topic
     * accept, compressed or not. If the topic accepts more than Kafka's default, the producer's
     * {@code max.request.size} is raised with it unless it is set.
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

    /** The size of a record as the producer and the broker count it, uncompressed. */
    static int sizeOf(ProducerRecord<byte[], byte[]> record) {
        return AbstractRecords.estimateSizeInBytesUpperBound(
                RecordBatch.CURRENT_MAGIC_VALUE,
                CompressionType.NONE,
                record.key(),
                record.value(),
                record.headers().toArray());
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
            // A vector has several KB: a batch of Kafka's default 16 KB would contain few of them.
            producer.putIfAbsent(
                    ProducerConfig.BATCH_SIZE_CONFIG,
                    Integer.toString(Math.min(BATCH_BYTES, limits.maxMessageBytes())));
        }
        return producer;
    }

    /**
     * The sink.
     *
     * @param role what the job writes to the topic: vectors or dead letters
     * @param jobId distinguishes the job's transactions from those of other jobs
     */
    <T> KafkaSink<T> sink(
            String role,
            String jobId,
            KafkaRecordSerializationSchema<T> serializer,
            TopicLimits limits) {
        Properties producer = producerProperties(limits);
        // Flink sets the same ones, and warns of them
        producer.remove(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG);
        producer.remove(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG);
        KafkaSinkBuilder<T> builder =
                KafkaSink.<T>builder()
                        .setKafkaProducerConfig(producer)
                        .setRecordSerializer(serializer);
        if (isExactlyOnce) {
            builder.setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                    .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
                    .setTransactionalIdPrefix(transactionalIdPrefix(role, jobId));
        } else {
            builder.setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE);
        }
        return builder.build();
    }

    /**
     * Ends with a colon, which no part contains: a restarted sink aborts all open transactions of
     * its topic whose ids start with its prefix, so no prefix may be the start of another.
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

    /**
     * The topic in a transactional id prefix.
     *
     * @return null if {@link #transactionalIdPrefix} did not write it
     */
    static String topic(String transactionalIdPrefix) {
        Matcher parts = PREFIX.matcher(transactionalIdPrefix);
        return parts.matches() ? parts.group(1) : null;
    }

    /** Declares the topic of a serializer, which a sink with pooled transactional ids requires. */
    static Optional<KafkaDatasetFacet> facet(String topic) {
        return Optional.of(
                new DefaultKafkaDatasetFacet(
                        DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic))));
    }
}
