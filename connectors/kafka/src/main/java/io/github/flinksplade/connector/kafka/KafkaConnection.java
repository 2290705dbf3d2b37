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

/** The brokers behind an address, asked at start-up; every answer is waited for only shortly. */
final class KafkaConnection implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaConnection.class);

    private static final int CONNECT_MILLIS = 3_000;
    private static final Duration ANSWER = Duration.ofSeconds(10);

    /** How many offsets before a partition's end are looked at for an encoder's mark. */
    private static final long TAIL_OFFSETS = 20;

    private static final String TRANSACTION_MAX_TIMEOUT = "transaction.max.timeout.ms";

    private final KafkaSettings settings;
    private final Admin admin;

    private KafkaConnection(KafkaSettings settings, Admin admin) {
        this.settings = settings;
        this.admin = admin;
    }

    /** Connects; fails when no broker of the address answers. */
    static KafkaConnection connect(KafkaSettings settings) {
        requireListener(settings);
        Properties properties = settings.properties();
        properties.setProperty(
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Long.toString(ANSWER.toMillis() / 2));
        properties.setProperty(
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(ANSWER.toMillis()));
        Admin admin;
        try {
            admin = Admin.create(properties);
        } catch (KafkaException | IllegalArgumentException e) {
            throw KafkaFailureClassifier.explain(settings, "connecting", e);
        }
        return new KafkaConnection(settings, admin);
    }

    /**
     * Fails at once when nothing listens at any of the address's brokers: the client itself would
     * retry until its time is over and then not say why.
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
                failures.add("no Kafka broker answers at " + server + ": unknown host");
            } catch (IOException e) {
                failures.add("no Kafka broker answers at " + server + ": " + e.getMessage());
            }
        }
        throw new UnreachableException(
                String.join(", ", failures)
                        + "; start the broker or correct the address "
                        + settings,
                null);
    }

    /**
     * The topic in its cluster, whichever of the cluster's brokers the URI lists. A server that has
     * no cluster id is identified by the brokers as listed.
     */
    String identity() {
        String clusterId = answer("asking for the cluster id", admin.describeCluster().clusterId());
        return "kafka://"
                + (clusterId == null ? settings.servers() : clusterId)
                + "/"
                + settings.topic();
    }

    /** Fails when the properties are none that a consumer takes. */
    void checkConsumer(Properties properties) {
        try {
            new ConsumerConfig(properties);
        } catch (KafkaException e) {
            throw KafkaFailureClassifier.explain(settings, "the properties are checked", e);
        }
    }

    /** Fails when the topic does not exist, naming the nearest that does. */
    void requireTopic() {
        if (topicExists()) {
            return;
        }
        Collection<String> names = answer("listing the topics", admin.listTopics().names());
        String nearest = ConnectorUri.nearest(settings.topic(), names);
        throw new ConnectorException(
                "there is no topic '"
                        + settings.topic()
                        + "' at "
                        + settings.servers()
                        + (nearest == null ? "" : "; did you mean '" + nearest + "'?")
                        + (nearest == null ? "; create it or correct " : " Create it or correct ")
                        + settings);
    }

    boolean topicExists() {
        try {
            admin.describeTopics(Set.of(settings.topic()))
                    .allTopicNames()
                    .get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
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

    /** Creates the topic, unless another is quicker, with the broker's own replication. */
    void createTopic(Optional<Integer> partitions, Map<String, String> configs) {
        String doing = "creating topic '" + settings.topic() + "'";
        try {
            admin.createTopics(
                            Set.of(
                                    new NewTopic(settings.topic(), partitions, Optional.empty())
                                            .configs(configs)))
                    .all()
                    .get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
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
        long deadline = System.nanoTime() + ANSWER.toNanos();
        while (!topicExists()) {
            if (System.nanoTime() > deadline) {
                throw failed(doing, new TimeoutException());
            }
        }
    }

    /** What the topic accepts; Kafka's defaults where the login may not ask. */
    TopicLimits topicLimits() {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, settings.topic());
        Optional<Config> found = describe(topic);
        if (found.isEmpty()) {
            return TopicLimits.DEFAULT;
        }
        Config config = found.get();
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
     * Fails when transactions may not last as long as asked for. A broker that does not tell its
     * limit refuses the first transaction itself.
     */
    void checkTransactionTimeout(long timeoutMillis) {
        Collection<Node> nodes = answer("listing the brokers", admin.describeCluster().nodes());
        for (Node node : nodes) {
            OptionalLong limit =
                    describe(new ConfigResource(ConfigResource.Type.BROKER, node.idString()))
                            .map(config -> number(config, TRANSACTION_MAX_TIMEOUT))
                            .orElse(OptionalLong.empty());
            if (limit.isPresent() && timeoutMillis > limit.getAsLong()) {
                throw new ConnectorException(
                        "transaction.timeout.ms "
                                + timeoutMillis
                                + " is above the broker's "
                                + TRANSACTION_MAX_TIMEOUT
                                + " "
                                + limit.getAsLong()
                                + " at "
                                + settings.servers()
                                + "; lower it with "
                                + KafkaProducerSettings.TRANSACTION_TIMEOUT.name()
                                + "="
                                + limit.getAsLong()
                                + "ms in the address, or raise the broker's");
            }
        }
    }

    private Optional<Config> describe(ConfigResource resource) {
        String doing = "reading the settings of " + resource.name();
        try {
            return Optional.of(
                    admin.describeConfigs(Set.of(resource))
                            .all()
                            .get(ANSWER.toMillis(), TimeUnit.MILLISECONDS)
                            .get(resource));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                LOG.info(
                        "{} does not let this login read the settings of {} {}; Kafka's defaults"
                                + " are assumed",
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

    /** Reads what was committed, without a group; an offset that is gone is an error. */
    static KafkaConsumer<byte[], byte[]> consumer(KafkaSettings settings, Duration answer) {
        Properties properties = settings.properties();
        properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
        properties.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        properties.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.setProperty(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.setProperty(
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(answer.toMillis()));
        return new KafkaConsumer<>(
                properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer) {
        return consumer.partitionsFor(settings.topic()).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .toList();
    }

    /** What the topic's partitions hold now. */
    List<PartitionOffsets> partitions() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, ANSWER)) {
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
     * What made the newest committed vector among the last records of each partition; null when
     * there is none.
     */
    Provenance newestProvenance() {
        ConsumerRecord<byte[], byte[]> newest = null;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings, ANSWER)) {
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
            long deadline = System.nanoTime() + ANSWER.toNanos();
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
                    "{} does not let this login read topic {}; what it holds is not checked",
                    settings.servers(),
                    settings.topic());
            return null;
        } catch (KafkaException e) {
            throw failed("reading the end of topic '" + settings.topic() + "'", e);
        }
        return newest == null ? null : VectorRecordSerializer.provenance(newest.headers());
    }

    private <T> T answer(String doing, KafkaFuture<T> future) {
        try {
            return future.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw failed(doing, e.getCause());
        } catch (TimeoutException e) {
            throw failed(doing, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private ConnectorException failed(String doing, Throwable failure) {
        return KafkaFailureClassifier.explain(settings, doing, failure);
    }

    private ConnectorException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ConnectorException(
                "stopped while waiting for the Kafka broker at " + settings.servers(), e);
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
    }
}
