package io.github.flinksplade.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;

/**
 * Two topics with one partition each and a consumer group, with random names. They are deleted on
 * {@link #close}, or at the latest when the process ends.
 */
final class BenchTopics implements AutoCloseable {

    private static final String SERVERS = "bootstrap.servers";
    private static final long TIMEOUT_SECONDS = 30;
    private static final int CREATION_MILLIS = 10_000;
    private static final int DELETION_MILLIS = 4_000;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String servers;
    private final String name = "flink-splade-bench-" + UUID.randomUUID();
    private final AtomicBoolean deleted = new AtomicBoolean();
    private final Thread hook = new Thread(this::delete, "flink-splade-bench-topics-end");

    private BenchTopics(String servers) {
        this.servers = servers;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * @param servers {@code host:port}
     * @throws ConnectorException when the broker does not respond or rejects the request
     */
    static BenchTopics create(String servers) {
        BenchTopics topics = new BenchTopics(servers);
        try {
            topics.administer(
                    admin ->
                            admin.createTopics(
                                            List.of(
                                                    new NewTopic(topics.documents(), 1, (short) -1),
                                                    new NewTopic(topics.vectors(), 1, (short) -1)))
                                    .all(),
                    CREATION_MILLIS);
            return topics;
        } catch (IOException e) {
            topics.deleted.set(true); // nothing was created, or no broker responds
            topics.close();
            throw new ConnectorException(
                    "cannot create topics on Kafka at " + servers + ": " + e.getMessage(), e);
        }
    }

    String documents() {
        return name + "-documents";
    }

    String vectors() {
        return name + "-vectors";
    }

    String group() {
        return name;
    }

    /**
     * Writes documents with different ids as JSON: {@code {"id":"d0","text":"..."}}. The key of a
     * record is its id.
     *
     * @param texts repeated if there are fewer than documents
     */
    void fill(List<String> texts, int documents) throws IOException {
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        Map.of(SERVERS, servers, "linger.ms", 5, "batch.size", 1 << 18),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            for (int i = 0; i < documents && failure.get() == null; i++) {
                producer.send(
                        new ProducerRecord<>(
                                documents(),
                                ("d" + i).getBytes(StandardCharsets.UTF_8),
                                json(texts, i)),
                        (metadata, e) -> {
                            if (e != null) {
                                failure.compareAndSet(null, e);
                            }
                        });
            }
            producer.flush();
        }
        if (failure.get() != null) {
            throw new IOException("cannot write documents to Kafka", failure.get());
        }
    }

    /** The value of a document. */
    static byte[] json(List<String> texts, int document) throws IOException {
        return MAPPER.writeValueAsBytes(
                MAPPER.createObjectNode()
                        .put("id", "d" + document)
                        .put("text", texts.get(document % texts.size())));
    }

    /**
     * The content of the topic of vectors.
     *
     * @param records committed records
     * @param ids number of different keys
     */
    record Content(long records, long ids) {}

    /** Reads the topic of vectors to the end. */
    Content content() {
        long records = 0;
        Set<Bytes> ids = new HashSet<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(
                        Map.of(SERVERS, servers, "isolation.level", "read_committed"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(vectors(), 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record :
                        consumer.poll(Duration.ofMillis(200))) {
                    records++;
                    ids.add(Bytes.wrap(record.key()));
                }
            }
        }
        return new Content(records, ids.size());
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
        delete();
    }

    private void delete() {
        if (deleted.getAndSet(true)) {
            return;
        }
        for (Action deletion :
                List.<Action>of(
                        admin -> admin.deleteTopics(List.of(documents(), vectors())).all(),
                        admin -> admin.deleteConsumerGroups(List.of(group())).all())) {
            try {
                administer(deletion, DELETION_MILLIS);
            } catch (IOException e) {
                return; // our own broker may have ended already
            }
        }
    }

    private interface Action {
        org.apache.kafka.common.KafkaFuture<?> start(Admin admin);
    }

    private void administer(Action action, int millis) throws IOException {
        try (Admin admin =
                Admin.create(
                        Map.of(
                                SERVERS,
                                servers,
                                "default.api.timeout.ms",
                                millis,
                                "request.timeout.ms",
                                millis / 2))) {
            action.start(admin).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("no response within " + TIMEOUT_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
