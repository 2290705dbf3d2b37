package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PendingCommits;
import io.github.flinksplade.connector.SinkState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.sink2.Committer;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaWriterState;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.metrics.groups.InternalSinkCommitterMetricGroup;
import org.apache.flink.streaming.runtime.operators.sink.committables.CheckpointCommittableManager;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollector;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollectorSerializer;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.protocol.Errors;

/**
 * Commits the transactions that a checkpoint of a job contains. Flink's KafkaSink flushes a
 * transaction before a checkpoint and commits it after the checkpoint is completed. If the job
 * fails between the two, the transaction is open until the job resumes, or until the broker aborts
 * it after {@code transaction.timeout.ms}.
 */
final class PendingTransactions implements PendingCommits {

    /** Attempts to commit or to wait, which together take longer than a broker's restart. */
    private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(60);

    private static final long RETRY_INTERVAL_MILLIS = 200;

    /** For the difference between clocks of brokers and of the checkpoint's file system. */
    private static final Duration CLOCK_DIFFERENCE = Duration.ofDays(1);

    private final KafkaSettings settings;
    private final Duration transactionTimeout;
    private final KafkaConnection connection;

    private PendingTransactions(
            KafkaSettings settings, Duration transactionTimeout, KafkaConnection connection) {
        this.settings = settings;
        this.transactionTimeout = transactionTimeout;
        this.connection = connection;
    }

    /**
     * @param uri of a sink or of a dead-letter queue
     */
    static PendingTransactions of(ConnectorUri uri) {
        KafkaSettings settings = KafkaSettings.of(uri.allowOptions(KafkaVectorSink.OPTIONS));
        KafkaProducerSettings producer = KafkaProducerSettings.of(settings);
        Duration timeout =
                producer.isExactlyOnce()
                        ? Duration.ofMillis(producer.transactionTimeoutMillis())
                        : Duration.ZERO;
        return new PendingTransactions(settings, timeout, KafkaConnection.connect(settings));
    }

    /** The transactions of a checkpoint, and the prefixes of the sink's transactional ids. */
    private record Checkpointed(List<KafkaCommittable> transactions, Set<String> prefixes) {}

    @Override
    public String identity() {
        return connection.identity();
    }

    @Override
    public String activity(SinkState state) {
        Set<String> descriptions = new TreeSet<>();
        Set<String> ids = new TreeSet<>();
        Set<Long> producers = new HashSet<>();
        for (TransactionListing one : list(decode(state).prefixes())) {
            ids.add(one.transactionalId());
            producers.add(one.producerId());
        }
        describe(ids).forEach((id, described) -> descriptions.add(id + "=" + described));
        // a transaction in which records are written has the same description as before
        await(
                        "describing the producers of topic '" + settings.topic() + "'",
                        connection.admin().describeProducers(topicPartitions()).all())
                .forEach(
                        (partition, active) ->
                                active.activeProducers().stream()
                                        .filter(one -> producers.contains(one.producerId()))
                                        .forEach(one -> descriptions.add(partition + "=" + one)));
        return descriptions.toString();
    }

    @Override
    public Result commit(SinkState state, boolean abortsOthers) {
        Checkpointed checkpointed = decode(state);
        Map<KafkaCommittable, Outcome> outcomes = new LinkedHashMap<>();
        Map<String, TransactionDescription> described =
                describe(
                        checkpointed.transactions().stream()
                                .map(KafkaCommittable::getTransactionalId)
                                .toList());
        try (BrokerRequests requests =
                new BrokerRequests(settings.properties(), connection.timeout())) {
            for (KafkaCommittable transaction : checkpointed.transactions()) {
                TransactionDescription known = described.get(transaction.getTransactionalId());
                Outcome outcome = outcome(transaction, known);
                if (isOpen(transaction, known) && commit(requests, transaction)) {
                    outcome = Outcome.COMMITTED;
                }
                outcomes.put(transaction, outcome);
            }
            Set<String> others = new TreeSet<>();
            for (TransactionListing one : list(checkpointed.prefixes())) {
                if (one.state() == TransactionState.ONGOING) {
                    others.add(one.transactionalId());
                }
            }
            if (abortsOthers && !others.isEmpty()) {
                await(
                        "aborting the transactions " + others,
                        connection.admin().fenceProducers(others).all());
            }
            Set<String> all = new TreeSet<>(described.keySet());
            all.addAll(others);
            awaitEnd(all);
            return new Result(
                    transactions(requests, state, outcomes, described),
                    abortsOthers ? others.size() : 0,
                    abortsOthers ? 0 : others.size());
        } catch (KafkaException e) {
            throw connection.failed("committing the transactions of a checkpoint", e);
        }
    }

    /** Whether a Kafka sink wrote the state. */
    static boolean wrote(SinkState state) {
        try {
            return !read(state).prefixes().isEmpty();
        } catch (IOException | RuntimeException e) {
            return false; // another sink's serializer wrote it
        }
    }

    private Checkpointed decode(SinkState state) {
        Checkpointed checkpointed;
        try {
            checkpointed = read(state);
        } catch (IOException | RuntimeException e) {
            throw new ConnectorException(
                    "the checkpoint's state of "
                            + settings
                            + " was not written by a Kafka sink ("
                            + e.getMessage()
                            + "). Correct the URI, or the checkpoint.",
                    e);
        }
        for (String prefix : checkpointed.prefixes()) {
            String topic = KafkaProducerSettings.topic(prefix);
            if (!settings.topic().equals(topic)) {
                throw new ConnectorException(
                        "the checkpoint contains transactions of topic '"
                                + topic
                                + "', not of '"
                                + settings.topic()
                                + "'. Correct "
                                + settings);
            }
        }
        return checkpointed;
    }

    private static Checkpointed read(SinkState state) throws IOException {
        // Flink's serializers are not public. This sink is not run.
        KafkaSink<byte[]> sink =
                KafkaSink.<byte[]>builder()
                        .setBootstrapServers("localhost:9092")
                        .setRecordSerializer((element, context, timestamp) -> null)
                        .build();
        SimpleVersionedSerializer<KafkaWriterState> writers = sink.getWriterStateSerializer();
        Set<String> prefixes = new LinkedHashSet<>();
        for (byte[] writer : state.writers()) {
            String prefix =
                    SimpleVersionedSerialization.readVersionAndDeSerialize(writers, writer)
                            .getTransactionalIdPrefix();
            if (KafkaProducerSettings.topic(prefix) == null) {
                throw new IOException("it has no transactional ids");
            }
            prefixes.add(prefix);
        }
        InternalSinkCommitterMetricGroup metrics =
                InternalSinkCommitterMetricGroup.wrap(
                        UnregisteredMetricsGroup.createOperatorMetricGroup());
        CommittableCollectorSerializer<KafkaCommittable> committers =
                new CommittableCollectorSerializer<>(
                        sink.getCommittableSerializer(), 0, 1, metrics);
        List<KafkaCommittable> transactions = new ArrayList<>();
        for (byte[] committer : state.committers()) {
            CommittableCollector<KafkaCommittable> collector =
                    SimpleVersionedSerialization.readVersionAndDeSerialize(committers, committer);
            for (CheckpointCommittableManager<KafkaCommittable> checkpoint :
                    collector.getCheckpointCommittablesUpTo(Long.MAX_VALUE)) {
                collect(checkpoint, transactions);
            }
        }
        return new Checkpointed(transactions, prefixes);
    }

    /** Flink passes the transactions of a checkpoint only to a committer. */
    private static void collect(
            CheckpointCommittableManager<KafkaCommittable> checkpoint,
            List<KafkaCommittable> transactions)
            throws IOException {
        try {
            checkpoint.commit(
                    new Committer<>() {
                        @Override
                        public void commit(Collection<CommitRequest<KafkaCommittable>> requests) {
                            requests.forEach(one -> transactions.add(one.getCommittable()));
                        }

                        @Override
                        public void close() {}
                    },
                    0);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static boolean isOpen(KafkaCommittable transaction, TransactionDescription known) {
        return isOf(transaction, known, 0) && known.state() == TransactionState.ONGOING;
    }

    private static boolean isOf(
            KafkaCommittable transaction, TransactionDescription known, int epochsLater) {
        return known != null
                && known.producerId() == transaction.getProducerId()
                && known.producerEpoch() == transaction.getEpoch() + epochsLater;
    }

    /**
     * The outcome of a transaction that is not open, as far as its coordinator knows it. The epoch
     * of a coordinator is higher after the commit of a transaction of version 2. An abort with a
     * higher epoch may be that of a later transaction.
     */
    private static Outcome outcome(KafkaCommittable transaction, TransactionDescription known) {
        boolean isSameEpoch = isOf(transaction, known, 0);
        if (!isSameEpoch && !isOf(transaction, known, 1)) {
            return Outcome.UNKNOWN;
        }
        return switch (known.state()) {
            case PREPARE_COMMIT, COMPLETE_COMMIT -> Outcome.ALREADY_COMMITTED;
            case PREPARE_ABORT, COMPLETE_ABORT, PREPARE_EPOCH_FENCE ->
                    isSameEpoch ? Outcome.LOST : Outcome.UNKNOWN;
            case ONGOING, EMPTY, UNKNOWN -> Outcome.UNKNOWN;
        };
    }

    /**
     * @return false if the transaction is no longer open
     */
    private boolean commit(BrokerRequests requests, KafkaCommittable transaction) {
        String id = transaction.getTransactionalId();
        long deadline = System.nanoTime() + COMMIT_TIMEOUT.toNanos();
        while (true) {
            TransactionDescription known = describe(List.of(id)).get(id);
            if (known == null) {
                return false;
            }
            Errors error =
                    requests.commit(
                            node(known.coordinatorId()),
                            id,
                            transaction.getProducerId(),
                            transaction.getEpoch());
            switch (error) {
                case NONE:
                    return true;
                case INVALID_PRODUCER_EPOCH:
                case PRODUCER_FENCED:
                case INVALID_TXN_STATE:
                case INVALID_PRODUCER_ID_MAPPING:
                    return false; // the broker has aborted it meanwhile
                default:
                    if (!KafkaFailureClassifier.isTransient(error.exception())
                            || System.nanoTime() > deadline) {
                        throw error.exception();
                    }
                    pause();
            }
        }
    }

    /** Waits until what the coordinators decided is in the partitions, where consumers see it. */
    private void awaitEnd(Set<String> ids) {
        long deadline = System.nanoTime() + COMMIT_TIMEOUT.toNanos();
        while (describe(ids).values().stream().anyMatch(PendingTransactions::isEnding)) {
            if (System.nanoTime() > deadline) {
                throw new TimeoutException("the transactions " + ids + " do not end");
            }
            pause();
        }
    }

    private static boolean isEnding(TransactionDescription transaction) {
        return switch (transaction.state()) {
            case PREPARE_COMMIT, PREPARE_ABORT, PREPARE_EPOCH_FENCE -> true;
            case ONGOING, COMPLETE_COMMIT, COMPLETE_ABORT, EMPTY, UNKNOWN -> false;
        };
    }

    /**
     * Adds what the transactions wrote, and the outcomes that only the log of the topic contains.
     */
    private List<Transaction> transactions(
            BrokerRequests requests,
            SinkState state,
            Map<KafkaCommittable, Outcome> outcomes,
            Map<String, TransactionDescription> described) {
        Map<TransactionLog.Producer, KafkaCommittable> unread = new LinkedHashMap<>();
        Map<KafkaCommittable, SortedMap<Integer, Long>> records = new HashMap<>();
        Set<TopicPartition> partitions = new LinkedHashSet<>();
        boolean readsAll = false;
        for (Map.Entry<KafkaCommittable, Outcome> one : outcomes.entrySet()) {
            KafkaCommittable transaction = one.getKey();
            records.put(transaction, new TreeMap<>());
            if (one.getValue() != Outcome.ALREADY_COMMITTED) {
                unread.put(
                        new TransactionLog.Producer(
                                transaction.getProducerId(), transaction.getEpoch()),
                        transaction);
            }
            if (one.getValue() == Outcome.COMMITTED) {
                // only while it is open, the coordinator knows its partitions
                partitions.addAll(
                        described.get(transaction.getTransactionalId()).topicPartitions());
            } else if (one.getValue() != Outcome.ALREADY_COMMITTED) {
                readsAll = true;
            }
        }
        if (!unread.isEmpty()) {
            Instant notBefore =
                    state.completedAt()
                            .minus(transactionTimeout.multipliedBy(2))
                            .minus(CLOCK_DIFFERENCE);
            TransactionLog log = new TransactionLog(requests);
            for (TransactionLog.Partition partition : partitions()) {
                if (!readsAll && !partitions.contains(partition.partition())) {
                    continue;
                }
                for (TransactionLog.Written written :
                        log.read(partition, unread.keySet(), notBefore)) {
                    KafkaCommittable transaction = unread.get(written.producer());
                    records.get(transaction)
                            .put(partition.partition().partition(), written.records());
                    if (outcomes.get(transaction) == Outcome.UNKNOWN) {
                        outcomes.put(transaction, outcome(written.end()));
                    }
                    if (outcomes.get(transaction) == Outcome.ALREADY_COMMITTED) {
                        unread.remove(written.producer());
                    }
                }
            }
        }
        List<Transaction> result = new ArrayList<>();
        outcomes.forEach(
                (transaction, outcome) ->
                        result.add(
                                new Transaction(
                                        transaction.getTransactionalId(),
                                        outcome,
                                        outcome == Outcome.ALREADY_COMMITTED
                                                ? new TreeMap<>()
                                                : records.get(transaction))));
        return result;
    }

    private static Outcome outcome(TransactionLog.End end) {
        return switch (end) {
            case COMMIT -> Outcome.ALREADY_COMMITTED;
            case ABORT -> Outcome.LOST;
            case NONE -> Outcome.UNKNOWN;
        };
    }

    private List<TransactionLog.Partition> partitions() {
        Map<TopicPartition, Long> starts = ends(true);
        List<TransactionLog.Partition> partitions = new ArrayList<>();
        Map<Integer, Node> leaders = new HashMap<>();
        for (TopicPartitionInfo info : topic().partitions()) {
            leaders.put(info.partition(), info.leader());
        }
        ends(false)
                .forEach(
                        (partition, end) ->
                                partitions.add(
                                        new TransactionLog.Partition(
                                                partition,
                                                leaders.get(partition.partition()),
                                                starts.get(partition),
                                                end)));
        return partitions;
    }

    /** The first offset of each partition, or the offset after its last record. */
    private Map<TopicPartition, Long> ends(boolean earliest) {
        Map<TopicPartition, OffsetSpec> requested = new HashMap<>();
        for (TopicPartition partition : topicPartitions()) {
            requested.put(partition, earliest ? OffsetSpec.earliest() : OffsetSpec.latest());
        }
        Map<TopicPartition, ListOffsetsResultInfo> offsets =
                await(
                        "reading the offsets of topic '" + settings.topic() + "'",
                        connection.admin().listOffsets(requested).all());
        Map<TopicPartition, Long> result =
                new TreeMap<>(Comparator.comparingInt(TopicPartition::partition));
        offsets.forEach((partition, offset) -> result.put(partition, offset.offset()));
        return result;
    }

    private List<TopicPartition> topicPartitions() {
        return topic().partitions().stream()
                .map(info -> new TopicPartition(settings.topic(), info.partition()))
                .toList();
    }

    private TopicDescription topic() {
        return await(
                        "looking up topic '" + settings.topic() + "'",
                        connection.admin().describeTopics(Set.of(settings.topic())).allTopicNames())
                .get(settings.topic());
    }

    /** The transactional ids with these prefixes that the brokers know. */
    private List<TransactionListing> list(Set<String> prefixes) {
        Collection<TransactionListing> all =
                await(
                        "listing the transactions",
                        connection.admin().listTransactions(new ListTransactionsOptions()).all());
        return all.stream()
                .filter(
                        one ->
                                prefixes.stream()
                                        // Flink appends "-<subtask>-<number>"
                                        .anyMatch(
                                                prefix ->
                                                        one.transactionalId()
                                                                .startsWith(prefix + "-")))
                .toList();
    }

    /** The state of each transactional id, without those that the brokers do not know. */
    private Map<String, TransactionDescription> describe(Collection<String> ids) {
        var result = connection.admin().describeTransactions(ids);
        Map<String, TransactionDescription> described = new TreeMap<>();
        for (String id : ids) {
            try {
                described.put(
                        id,
                        result.description(id)
                                .get(connection.timeout().toMillis(), TimeUnit.MILLISECONDS));
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof TransactionalIdNotFoundException)) {
                    throw connection.failed("describing the transaction " + id, e.getCause());
                }
            } catch (java.util.concurrent.TimeoutException e) {
                throw connection.failed("describing the transaction " + id, e);
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        return described;
    }

    private Node node(int id) {
        return await("listing the brokers", connection.admin().describeCluster().nodes()).stream()
                .filter(node -> node.id() == id)
                .findFirst()
                .orElseThrow(() -> new TimeoutException("broker " + id + " is unavailable"));
    }

    private <T> T await(String doing, KafkaFuture<T> future) {
        return connection.await(doing, future);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(RETRY_INTERVAL_MILLIS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static ConnectorException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ConnectorException("interrupted while waiting for Kafka", e);
    }

    @Override
    public void close() {
        connection.close();
    }
}
