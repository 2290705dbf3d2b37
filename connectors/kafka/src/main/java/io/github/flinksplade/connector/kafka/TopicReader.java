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
 * Wraps Flink's reader and compares the position of each partition with the offsets that the topic
 * still has before the reader gets it. If retention removed records before they were read, reading
 * starts at the earliest offset and the gap is reported. Waits for unavailable brokers without
 * blocking the task.
 *
 * <p>Its metric is {@link TopicSource#REMOVED_UNREAD}.
 */
@SuppressWarnings(
        "try") // close() of Flink's reader declares an Exception, which may be an interrupt
final class TopicReader implements SourceReader<SourceRecord, KafkaPartitionSplit> {

    private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);

    private final SourceReader<SourceRecord, KafkaPartitionSplit> reader;
    private final KafkaSettings settings;
    private final boolean isBounded;
    private final Supplier<List<PartitionOffsets>> currentOffsets;
    private final Counter removedUnread;
    private final ExecutorService worker;

    /** Splits that were added but not passed to the reader yet; part of the state. */
    private final List<KafkaPartitionSplit> unchecked = new ArrayList<>();

    /** The check of {@link #unchecked}; null if that is empty. */
    private CompletableFuture<List<KafkaPartitionSplit>> check;

    /** Completed with {@link #check}: a task may have started to wait before there was a check. */
    private CompletableFuture<Void> wakeUp = new CompletableFuture<>();

    private boolean noMoreSplits;

    /**
     * @param isBounded whether reading ends at the current end of the partitions, whatever the job
     *     did before
     * @param currentOffsets the offsets that the partitions have now
     * @param removedUnread counts offsets that were removed before they were read
     */
    TopicReader(
            SourceReader<SourceRecord, KafkaPartitionSplit> reader,
            KafkaSettings settings,
            boolean isBounded,
            Supplier<List<PartitionOffsets>> currentOffsets,
            Counter removedUnread) {
        this.reader = reader;
        this.settings = settings;
        this.isBounded = isBounded;
        this.currentOffsets = currentOffsets;
        this.removedUnread = removedUnread;
        worker =
                Executors.newSingleThreadExecutor(
                        task -> {
                            Thread thread = new Thread(task, "offset check of " + settings.topic());
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
        check = CompletableFuture.supplyAsync(() -> atReadableOffsets(all), worker);
        wakeUpAfter(check);
    }

    private void wakeUpAfter(CompletableFuture<?> future) {
        CompletableFuture<Void> sleeping = wakeUp;
        future.whenComplete((result, failure) -> sleeping.complete(null));
    }

    /** The same splits, at offsets that exist. */
    private List<KafkaPartitionSplit> atReadableOffsets(List<KafkaPartitionSplit> splits) {
        if (splits.stream().allMatch(split -> split.getStartingOffset() < 0)) {
            return splits; // the beginning or the end, wherever that is
        }
        Map<Integer, PartitionOffsets> partitions = new HashMap<>();
        new BrokerWaiter(settings)
                .await(
                        "reading the offsets of topic '" + settings.topic() + "'",
                        currentOffsets::get)
                .forEach(partition -> partitions.put(partition.partition(), partition));
        return splits.stream()
                .map(split -> atReadableOffset(split, partitions.get(split.getPartition())))
                .toList();
    }

    private KafkaPartitionSplit atReadableOffset(
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
            return startingAt(position, split, partition);
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
        return startingAt(partition.begin(), split, partition);
    }

    /** The split from an offset, with a stopping offset only if this run is bounded. */
    private KafkaPartitionSplit startingAt(
            long offset, KafkaPartitionSplit split, PartitionOffsets partition) {
        return new KafkaPartitionSplit(
                split.getTopicPartition(),
                offset,
                isBounded
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
            wakeUp = new CompletableFuture<>(); // completed by an earlier check
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
