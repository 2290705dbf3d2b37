package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.Counter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Flink's reader of partitions, which gets a partition only after its position was compared with
 * the offsets that the topic still has. Where retention has removed records before they were read,
 * it starts at the earliest one and reports the gap. Brokers that are unavailable are waited for,
 * without blocking the task.
 *
 * <p>Metric: {@code recordsRemovedUnread}, the offsets that were removed before they were read.
 */
@SuppressWarnings("try") // the reader of Flink's that it closes may be interrupted meanwhile
final class TopicReader implements SourceReader<SourceRecord, KafkaPartitionSplit> {

    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);

    private final SourceReader<SourceRecord, KafkaPartitionSplit> reader;
    private final KafkaSettings settings;
    private final boolean bounded;
    private final Supplier<List<PartitionOffsets>> topic;
    private final Counter removedUnread;
    private final ExecutorService worker;

    /** What was added and not yet given to the reader; part of its state. */
    private final List<KafkaPartitionSplit> unchecked = new ArrayList<>();

    /** Of everything in {@link #unchecked}; null when that is empty. */
    private CompletableFuture<List<KafkaPartitionSplit>> check;

    /** Completed when {@link #check} is: a task may wait for it since before there was a check. */
    private CompletableFuture<Void> wakeUp = new CompletableFuture<>();

    private boolean noMoreSplits;

    /**
     * @param bounded whether partitions end where they end now, whatever the job did before
     * @param topic the offsets that the partitions have now
     * @param removedUnread counts offsets that were removed before they were read
     */
    TopicReader(
            SourceReader<SourceRecord, KafkaPartitionSplit> reader,
            KafkaSettings settings,
            boolean bounded,
            Supplier<List<PartitionOffsets>> topic,
            Counter removedUnread) {
        this.reader = reader;
        this.settings = settings;
        this.bounded = bounded;
        this.topic = topic;
        this.removedUnread = removedUnread;
        worker =
                Executors.newSingleThreadExecutor(
                        task -> {
                            Thread thread = new Thread(task, "offsets of " + settings.topic());
                            thread.setDaemon(true);
                            return thread;
                        });
    }

    @Override
    public void start() {
        reader.start();
    }

    @Override
    public void addSplits(List<KafkaPartitionSplit> splits) {
        unchecked.addAll(splits);
        List<KafkaPartitionSplit> all = List.copyOf(unchecked);
        check = CompletableFuture.supplyAsync(() -> atExistingOffsets(all), worker);
        wakeUpAfter(check);
    }

    private void wakeUpAfter(CompletableFuture<?> future) {
        CompletableFuture<Void> sleeping = wakeUp;
        future.whenComplete((result, failure) -> sleeping.complete(null));
    }

    /** The same partitions, at offsets that can be read. */
    private List<KafkaPartitionSplit> atExistingOffsets(List<KafkaPartitionSplit> splits) {
        if (splits.stream().allMatch(split -> split.getStartingOffset() < 0)) {
            return splits; // the beginning or the end, whatever that is
        }
        Map<Integer, PartitionOffsets> partitions = new HashMap<>();
        new BrokerWaiter(settings)
                .await("reading the offsets of topic '" + settings.topic() + "'", topic::get)
                .forEach(partition -> partitions.put(partition.partition(), partition));
        return splits.stream()
                .map(split -> atExistingOffset(split, partitions.get(split.getPartition())))
                .toList();
    }

    private KafkaPartitionSplit atExistingOffset(
            KafkaPartitionSplit split, PartitionOffsets partition) {
        long position = split.getStartingOffset();
        if (position < 0) {
            return split;
        }
        if (partition == null || position > partition.end()) {
            throw new PermanentFailureException(
                    "the job would resume at offset "
                            + position
                            + " of "
                            + split.splitId()
                            + (partition == null
                                    ? ", a partition that the topic no longer has"
                                    : ", but the partition ends at " + partition.end())
                            + ": topic '"
                            + settings.topic()
                            + "' at "
                            + settings.servers()
                            + " was recreated or truncated. Run the job with --reindex to read it"
                            + " from its beginning.");
        }
        if (position >= partition.begin()) {
            return between(position, split, partition);
        }
        long removed = partition.begin() - position;
        LOG.warn(
                "Offsets {} to {} of {} were removed before they were read ({} offsets). Reading"
                        + " continues at {}. Raise the topic's retention, or run with --reindex if"
                        + " the documents are still in the topic under other offsets.",
                position,
                partition.begin() - 1,
                split.splitId(),
                removed,
                partition.begin());
        removedUnread.inc(removed);
        return between(partition.begin(), split, partition);
    }

    /** The partition from that offset, with an end or without, as this run has it. */
    private KafkaPartitionSplit between(
            long offset, KafkaPartitionSplit split, PartitionOffsets partition) {
        return new KafkaPartitionSplit(
                split.getTopicPartition(),
                offset,
                bounded
                        ? split.getStoppingOffset().orElse(partition.end())
                        : KafkaPartitionSplit.NO_STOPPING_OFFSET);
    }

    @Override
    public InputStatus pollNext(ReaderOutput<SourceRecord> output) throws Exception {
        if (check != null && check.isDone()) {
            List<KafkaPartitionSplit> checked;
            try {
                checked = check.get();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException known ? known : e;
            }
            check = null;
            wakeUp = new CompletableFuture<>();
            unchecked.clear();
            reader.addSplits(checked);
            if (noMoreSplits) {
                reader.notifyNoMoreSplits();
            }
        } else if (check != null && wakeUp.isDone()) {
            wakeUp = new CompletableFuture<>(); // that was for an earlier check
            wakeUpAfter(check);
        }
        try {
            return reader.pollNext(output);
        } catch (RuntimeException e) {
            throw KafkaFailureClassifier.whileReading(settings, e);
        }
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return CompletableFuture.anyOf(reader.isAvailable(), wakeUp).thenApply(any -> null);
    }

    @Override
    public void notifyNoMoreSplits() {
        noMoreSplits = true;
        if (check == null) {
            reader.notifyNoMoreSplits();
        }
    }

    @Override
    public List<KafkaPartitionSplit> snapshotState(long checkpointId) {
        List<KafkaPartitionSplit> splits = new ArrayList<>(reader.snapshotState(checkpointId));
        splits.addAll(unchecked);
        return splits;
    }

    @Override
    public void handleSourceEvents(SourceEvent event) {
        reader.handleSourceEvents(event);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        reader.notifyCheckpointComplete(checkpointId);
    }

    @Override
    public void notifyCheckpointAborted(long checkpointId) throws Exception {
        reader.notifyCheckpointAborted(checkpointId);
    }

    @Override
    public void close() throws Exception {
        worker.shutdownNow();
        reader.close();
    }
}
