package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * A real Kafka broker (KRaft, broker and controller in one) in this JVM, on loopback, with its logs
 * in a temporary directory that {@link #close} removes. For tests, of other modules too.
 */
public final class KafkaBroker implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(10);
    private static final int PORT_ATTEMPTS = 5;
    private static final Comparator<TopicPartition> BY_PARTITION =
            Comparator.comparingInt(TopicPartition::partition);

    private final KafkaRaftServer server;
    private final Path directory;
    private final String bootstrapServers;

    private KafkaBroker(KafkaRaftServer server, Path directory, String bootstrapServers) {
        this.server = server;
        this.directory = directory;
        this.bootstrapServers = bootstrapServers;
    }

    /** Starts a broker with a small configuration, which takes about 3 seconds. */
    public static KafkaBroker start() {
        return start(Map.of());
    }

    /** A running broker with a listener that requires no credentials. */
    public static KafkaBroker at(String bootstrapServers) {
        return new KafkaBroker(null, null, bootstrapServers);
    }

    /** Starts a broker; {@code settings} are broker properties that override the defaults here. */
    public static KafkaBroker start(Map<String, String> settings) {
        return start(settings, Map.of());
    }

    /**
     * Starts a broker with levels of features, such as {@code transaction.version}; the newest for
     * others.
     */
    static KafkaBroker start(Map<String, String> settings, Map<String, Short> features) {
        RuntimeException failure = null;
        for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
            // Another process may bind the free port first.
            try {
                return startOnce(settings, features);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        throw new IllegalStateException("no Kafka broker could be started", failure);
    }

    private static KafkaBroker startOnce(
            Map<String, String> settings, Map<String, Short> features) {
        Path directory = null;
        KafkaRaftServer server = null;
        try {
            directory = Files.createTempDirectory("kafka-broker-");
            int[] ports = freePorts();
            String bootstrap = "127.0.0.1:" + ports[0];
            Properties properties = new Properties();
            properties.setProperty("process.roles", "broker,controller");
            properties.setProperty("node.id", "1");
            properties.setProperty("controller.quorum.voters", "1@127.0.0.1:" + ports[1]);
            properties.setProperty(
                    "listeners",
                    "PLAINTEXT://" + bootstrap + ",CONTROLLER://127.0.0.1:" + ports[1]);
            properties.setProperty("advertised.listeners", "PLAINTEXT://" + bootstrap);
            properties.setProperty("controller.listener.names", "CONTROLLER");
            properties.setProperty("inter.broker.listener.name", "PLAINTEXT");
            properties.setProperty(
                    "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
            properties.setProperty("log.dirs", directory.toString());
            properties.setProperty("auto.create.topics.enable", "false");
            properties.setProperty("group.initial.rebalance.delay.ms", "0");
            properties.setProperty("offsets.topic.num.partitions", "1");
            properties.setProperty("offsets.topic.replication.factor", "1");
            properties.setProperty("transaction.state.log.num.partitions", "1");
            properties.setProperty("transaction.state.log.replication.factor", "1");
            properties.setProperty("transaction.state.log.min.isr", "1");
            properties.setProperty("share.coordinator.state.topic.replication.factor", "1");
            properties.setProperty("share.coordinator.state.topic.min.isr", "1");
            properties.setProperty("log.cleaner.dedupe.buffer.size", "2097152");
            settings.forEach(properties::setProperty);
            Formatter formatter = new Formatter();
            features.forEach(formatter::setFeatureLevel);
            formatter
                    .setNodeId(1)
                    .setClusterId(Uuid.randomUuid().toString())
                    .setDirectories(List.of(directory.toString()))
                    .setMetadataLogDirectory(directory.toString())
                    .setControllerListenerName("CONTROLLER")
                    .setPrintStream(
                            new PrintStream(
                                    OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .run();
            server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
            server.startup();
            return new KafkaBroker(server, directory, bootstrap);
        } catch (Exception e) {
            if (server != null) {
                server.shutdown();
                server.awaitShutdown();
            }
            if (directory != null) {
                delete(directory);
            }
            throw new IllegalStateException("the Kafka broker did not start", e);
        }
    }

    /** Two different free ports. */
    private static int[] freePorts() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket first = new ServerSocket(0, 1, loopback);
                ServerSocket second = new ServerSocket(0, 1, loopback)) {
            return new int[] {first.getLocalPort(), second.getLocalPort()};
        }
    }

    /** {@code host:port} of the broker. */
    public String bootstrapServers() {
        return bootstrapServers;
    }

    public void createTopic(String name, int partitions) {
        createTopic(name, partitions, Map.of());
    }

    /** Creates a topic with a configuration, such as {@code max.message.bytes}. */
    public void createTopic(String name, int partitions, Map<String, String> settings) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            NewTopic topic = new NewTopic(name, Optional.of(partitions), Optional.empty());
            admin.createTopics(Set.of(topic.configs(settings))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("topic " + name + " was not created", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Writes records to the first partition: alternately a key and a value, which may be null. */
    public void produce(String topic, byte[]... keysAndValues) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            records.add(new ProducerRecord<>(topic, 0, keysAndValues[i], keysAndValues[i + 1]));
        }
        produce(records);
    }

    /** Writes the records and waits until the broker has acknowledged all. */
    public void produce(List<ProducerRecord<byte[], byte[]>> records) {
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        Map.of("bootstrap.servers", bootstrapServers, "linger.ms", "5"),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>(records.size());
            for (ProducerRecord<byte[], byte[]> record : records) {
                sent.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> future : sent) {
                future.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a record was not written", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /**
     * Waits for commits in progress: a producer's commit returns when it is decided, but its
     * records become visible a little later. Does not wait long for a transaction that is never
     * completed.
     */
    void awaitCommits(String topic) {
        long deadline = System.nanoTime() + COMMIT_TIMEOUT.toNanos();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
            for (TopicPartitionInfo partition :
                    admin.describeTopics(List.of(topic))
                            .allTopicNames()
                            .get()
                            .get(topic)
                            .partitions()) {
                latest.put(new TopicPartition(topic, partition.partition()), OffsetSpec.latest());
            }
            while (!ends(admin, latest, IsolationLevel.READ_COMMITTED)
                            .equals(ends(admin, latest, IsolationLevel.READ_UNCOMMITTED))
                    && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("no offsets of " + topic, e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static Map<TopicPartition, Long> ends(
            Admin admin, Map<TopicPartition, OffsetSpec> latest, IsolationLevel isolation)
            throws ExecutionException, InterruptedException {
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(latest, new ListOffsetsOptions(isolation))
                .all()
                .get()
                .forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    /**
     * Every committed record that the topic contains now, by partition and offset, without records
     * after the start of an open transaction.
     */
    public List<ConsumerRecord<byte[], byte[]>> readCommitted(String topic) {
        return readCommitted(topic, 0, TIMEOUT);
    }

    /** As {@link #readCommitted(String)}, after the topic contains a min number of records. */
    public List<ConsumerRecord<byte[], byte[]>> readCommitted(
            String topic, int minRecords, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        Map.of(
                                "bootstrap.servers",
                                bootstrapServers,
                                "isolation.level",
                                "read_committed",
                                "auto.offset.reset",
                                "earliest",
                                // close() waits for the response to the last fetch
                                "fetch.max.wait.ms",
                                "20"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(info -> new TopicPartition(topic, info.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (records.size() < minRecords) {
                poll(consumer, records, deadline, topic, minRecords);
            }
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream()
                    .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                poll(consumer, records, deadline, topic, minRecords);
            }
            records.sort(
                    Comparator.<ConsumerRecord<byte[], byte[]>>comparingInt(
                                    ConsumerRecord::partition)
                            .thenComparingLong(ConsumerRecord::offset));
            return records;
        }
    }

    private static void poll(
            KafkaConsumer<byte[], byte[]> consumer,
            List<ConsumerRecord<byte[], byte[]>> records,
            long deadline,
            String topic,
            int minRecords) {
        if (System.nanoTime() > deadline) {
            Map<TopicPartition, Long> positions = new TreeMap<>(BY_PARTITION);
            consumer.assignment().forEach(one -> positions.put(one, consumer.position(one)));
            throw new IllegalStateException(
                    "read only "
                            + records.size()
                            + " records from topic "
                            + topic
                            + " in time, expected "
                            + minRecords
                            + " or more; read up to "
                            + positions
                            + ", committed up to "
                            + consumer.endOffsets(consumer.assignment()));
        }
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted", e);
    }

    @Override
    public void close() {
        if (server == null) {
            return;
        }
        server.shutdown();
        server.awaitShutdown();
        delete(directory);
    }

    private static void delete(Path directory) {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
