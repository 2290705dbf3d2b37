package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A connection to the brokers of a URI for administrative requests, with a short timeout. */
final class KafkaConnection implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaConnection.class);

    private static final int CONNECT_MILLIS = 3_000;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    /** How many offsets before a partition's end are read to find the encoder of its vectors. */
    private static final long TAIL_OFFSETS = 20;

    private static final String TRANSACTION_MAX_TIMEOUT = "transaction.max.timeout.ms";

    private final KafkaSettings settings;
    private final Admin admin;

    /** The deadline of each request. */
    private final Duration timeout;

    private KafkaConnection(KafkaSettings settings, Admin admin, Duration timeout) {
        this.settings = settings;
        this.admin = admin;
        this.timeout = timeout;
    }

    /** Connects. Fails if no broker of the URI is reachable. */
    static KafkaConnection connect(KafkaSettings settings) {
        return connect(settings, DEFAULT_TIMEOUT);
    }

    static KafkaConnection connect(KafkaSettings settings, Duration timeout) {
        requireListener(settings);
        Properties properties = settings.properties();
        properties.setProperty(
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Long.toString(timeout.toMillis() / 2));
        properties.setProperty(
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(timeout.toMillis()));
        Admin admin;
        try {
            admin = Admin.create(properties);
        } catch (KafkaException | IllegalArgumentException e) {
            throw KafkaFailureClassifier.explain(settings, "connecting", e);
        }
        return new KafkaConnection(settings, admin, timeout);
    }

    /**
     * Fails immediately if no broker of the URI accepts connections: the client itself would retry
     * until its timeout and then not report the reason.
     */
    private static void requireListener(KafkaSettings settings) {
        List<String> failures = new ArrayList<>();
        for (String server : settings.servers().split(",")) {
            int colon = server.lastIndexOf(':');
            String host = server.substring(0, colon).replaceAll("[\\[\\]]", "");
            int port = Integer.parseInt(server.substring(colon + 1));
            try (Socket socket = new Socket()) {
                socket.connect(
                        new InetSocketAddress(InetAddress.getByName(host), port), CONNECT_MILLIS);
                return;
            } catch (UnknownHostException e) {
                failures.add("no Kafka broker responds at " + server + ": unknown host");
            } catch (IOException e) {
                failures.add("no Kafka broker responds at " + server + ": " + e.getMessage());
            }
        }
        throw new UnreachableException(
                String.join(", ", failures) + ". Start the broker, or correct " + settings, null);
    }

    Admin admin() {
        return admin;
    }

    /** The deadline of each request. */
    Duration timeout() {
        return timeout;
    }

    /**
     * The topic and its cluster, whichever of the cluster's brokers the URI lists. A cluster
     * without an id is identified by the listed brokers.
     */
    String identity() {
        String clusterId = await("requesting the cluster id", admin.describeCluster().clusterId());
        return "kafka://"
                + (clusterId == null ? settings.servers() : clusterId)
                + "/"
                + settings.topic();
    }

    /** Rejects properties that are not valid for a consumer. */
    void checkConsumer(Properties properties) {
        try {
            new ConsumerConfig(properties);
        } catch (KafkaException e) {
            throw KafkaFailureClassifier.explain(settings, "checking the properties", e);
        }
    }

    /** Fails if the topic does not exist, and suggests the most similar name. */
    void requireTopic() {
        if (topicExists()) {
            return;
        }
        Collection<String> names = await("listing the topics", admin.listTopics().names());
        String nearest = ConnectorUri.nearest(settings.topic(), names);
        throw new ConnectorException(
                "topic '"
                        + settings.topic()
                        + "' does not exist at "
                        + settings.servers()
                        + (nearest == null ? "." : "; did you mean '" + nearest + "'?")
                        + " Create it, or correct "
                        + settings);
    }

    boolean topicExists() {
        try {
            admin.describeTopics(Set.of(settings.topic()))
                    .allTopicNames()
                    .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw failed("looking up topic '" + settings.topic() + "'", e.getCause());
        } catch (TimeoutException e) {
            throw failed("looking up topic '" + settings.topic() + "'", e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Creates the topic with the broker's default replication, unless it was created meanwhile. */
    void createTopic(Optional<Integer> partitions, Map<String, String> configs) {
        String doing = "creating topic '" + settings.topic() + "'";
        try {
            admin.createTopics(
                            Set.of(
                                    new NewTopic(settings.topic(), partitions, Optional.empty())
                                            .configs(configs)))
                    .all()
                    .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            LOG.info("Created topic {} at {}", settings.topic(), settings.servers());
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw failed(doing, e.getCause());
            }
        } catch (TimeoutException e) {
            throw failed(doing, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!topicExists()) {
            if (System.nanoTime() > deadline) {
                throw failed(doing, new TimeoutException());
            }
        }
    }

    /** What the topic accepts; Kafka's defaults if the user may not read its configuration. */
    TopicLimits topicLimits() {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, settings.topic());
        Optional<Config> described = describe(topic);
        if (described.isEmpty()) {
            return TopicLimits.DEFAULT;
        }
        Config config = described.get();
        return new TopicLimits(
                (int)
                        number(config, TopicConfig.MAX_MESSAGE_BYTES_CONFIG)
                                .orElse(TopicLimits.DEFAULT.maxMessageBytes()),
                number(config, TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG)
                        .orElse(TopicLimits.DEFAULT.timestampAheadMillis()),
                number(config, TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG)
                        .orElse(TopicLimits.DEFAULT.timestampBehindMillis()),
                value(config, TopicConfig.CLEANUP_POLICY_CONFIG)
                        .map(policy -> policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT))
                        .orElse(false));
    }

    /**
     * Rejects a transaction timeout above the broker's limit. A broker that does not let the user
     * read its limit rejects the first transaction itself.
     */
    void checkTransactionTimeout(long timeoutMillis) {
        Collection<Node> nodes = await("listing the brokers", admin.describeCluster().nodes());
        for (Node node : nodes) {
            OptionalLong limit =
                    describe(new ConfigResource(ConfigResource.Type.BROKER, node.idString()))
                            .map(config -> number(config, TRANSACTION_MAX_TIMEOUT))
                            .orElse(OptionalLong.empty());
            if (limit.isPresent() && timeoutMillis > limit.getAsLong()) {
                throw new ConnectorException(
                        "transaction.timeout.ms ("
                                + timeoutMillis
                                + ") exceeds the broker's "
                                + TRANSACTION_MAX_TIMEOUT
                                + " ("
                                + limit.getAsLong()
                                + ") at "
                                + settings.servers()
                                + ". Lower it with "
                                + KafkaProducerSettings.TRANSACTION_TIMEOUT.name()
                                + "="
                                + limit.getAsLong()
                                + "ms in the URI, or raise the broker's limit.");
            }
        }
    }

    private Optional<Config> describe(ConfigResource resource) {
        String doing = "reading the configuration of " + resource.name();
        try {
            return Optional.of(
                    admin.describeConfigs(Set.of(resource))
                            .all()
                            .get(timeout.toMillis(), TimeUnit.MILLISECONDS)
                            .get(resource));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                LOG.info(
                        "{} does not authorize this user to read the configuration of {} {}."
                                + " Kafka's defaults are assumed.",
                        settings.servers(),
                        resource.type(),
                        resource.name());
                return Optional.empty();
            }
            throw failed(doing, e.getCause());
        } catch (TimeoutException e) {
            throw failed(doing, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static Optional<String> value(Config config, String name) {
        return Optional.ofNullable(config.get(name)).map(ConfigEntry::value);
    }

    private static OptionalLong number(Config config, String name) {
        return value(config, name).stream().mapToLong(Long::parseLong).findFirst();
    }

    /** A consumer of committed records, without a group. A removed offset is an error. */
    static KafkaConsumer<byte[], byte[]> consumer(KafkaSettings settings, Duration timeout) {
        Properties properties = settings.properties();
        properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
        properties.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        properties.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        // Reading stops at a known end. With Kafka's default, close() would wait 500 ms there for
        // the response to the last fetch.
        properties.putIfAbsent(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, "20");
        properties.setProperty(
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(timeout.toMillis()));
        return new KafkaConsumer<>(
                properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.partitionsFor(settings.topic()).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .toList();
    }

    /** The offsets that the topic's partitions have now. */
    List<PartitionOffsets> partitions() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, timeout)) {
            List<TopicPartition> partitions = partitions(consumer);
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            return List.copyOf(
                    partitions.stream()
                            .map(
                                    partition ->
                                            new PartitionOffsets(
                                                    partition.partition(),
                                                    begins.get(partition),
                                                    ends.get(partition)))
                            .toList());
        } catch (KafkaException e) {
            throw failed("reading the offsets of topic '" + settings.topic() + "'", e);
        }
    }

    /**
     * The provenance of the newest committed vector among the last records of each partition; null
     * if there is none.
     */
    Provenance newestProvenance() {
        ConsumerRecord<byte[], byte[]> newest = null;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, timeout)) {
            List<TopicPartition> partitions = partitions(consumer);
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            Map<TopicPartition, Long> unread = new HashMap<>();
            ends.forEach(
                    (partition, end) -> {
                        if (end > begins.get(partition)) {
                            unread.put(partition, end);
                        }
                    });
            consumer.assign(unread.keySet());
            unread.forEach(
                    (partition, end) ->
                            consumer.seek(
                                    partition,
                                    Math.max(begins.get(partition), end - TAIL_OFFSETS)));
            long deadline = System.nanoTime() + timeout.toNanos();
            while (!unread.isEmpty() && System.nanoTime() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record :
                        consumer.poll(Duration.ofMillis(100))) {
                    if (record.headers().lastHeader(VectorRecordSerializer.HEADER_FINGERPRINT)
                                    != null
                            && (newest == null || record.timestamp() >= newest.timestamp())) {
                        newest = record;
                    }
                }
                unread.entrySet()
                        .removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
            }
        } catch (AuthorizationException e) {
            LOG.info(
                    "{} does not authorize this user to read topic {}. The encoder of its vectors"
                            + " is not checked.",
                    settings.servers(),
                    settings.topic());
            return null;
        } catch (KafkaException e) {
            throw failed("reading the end of topic '" + settings.topic() + "'", e);
        }
        return newest == null ? null : VectorRecordSerializer.provenance(newest.headers());
    }

    <T> T await(String doing, KafkaFuture<T> future) {
        try {
            return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw failed(doing, e.getCause());
        } catch (TimeoutException e) {
            throw failed(doing, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    ConnectorException failed(String doing, Throwable failure) {
        return KafkaFailureClassifier.explain(settings, doing, failure);
    }

    private ConnectorException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ConnectorException(
                "interrupted while waiting for the Kafka broker at " + settings.servers(), e);
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
    }
}
