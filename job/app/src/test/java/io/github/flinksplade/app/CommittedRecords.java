package io.github.flinksplade.app;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Counts the committed records of a topic while its broker is restarted. */
final class CommittedRecords implements AutoCloseable {

    private final Map<String, Object> servers;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private int count;

    CommittedRecords(String bootstrapServers, String topic) {
        servers = Map.of("bootstrap.servers", bootstrapServers);
        consumer =
                new KafkaConsumer<>(
                        Map.of(
                                "bootstrap.servers",
                                bootstrapServers,
                                "isolation.level",
                                "read_committed",
                                "auto.offset.reset",
                                "earliest"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer());
        List<TopicPartition> partitions =
                consumer.partitionsFor(topic).stream()
                        .map(info -> new TopicPartition(topic, info.partition()))
                        .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** The current number of records. */
    int count() {
        count += consumer.poll(Duration.ofMillis(100)).count();
        return count;
    }

    /** Transactions that are neither committed nor aborted. */
    Collection<TransactionListing> openTransactions() {
        try (Admin admin = Admin.create(servers)) {
            return admin.listTransactions(
                            new ListTransactionsOptions()
                                    .filterStates(
                                            Set.of(
                                                    TransactionState.ONGOING,
                                                    TransactionState.PREPARE_ABORT,
                                                    TransactionState.PREPARE_COMMIT)))
                    .all()
                    .get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("cannot list transactions", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}
