package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import java.util.List;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;

/**
 * Flink's enumerator of partitions, with the id of the topic in its checkpoints.
 *
 * <p>Flink's enumerator signals the readers of a bounded source that there are no more partitions
 * only after it has found new ones. A bounded job that resumes finds none and would never end.
 */
final class TopicEnumerator implements SplitEnumerator<KafkaPartitionSplit, TopicEnumeratorState> {

    private final SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions;
    private final TopicSubscriber subscriber;

    /** For the signal that there are no more partitions; null if Flink's enumerator sends it. */
    private final SplitEnumeratorContext<KafkaPartitionSplit> complete;

    private TopicEnumerator(
            SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions,
            TopicSubscriber subscriber,
            SplitEnumeratorContext<KafkaPartitionSplit> complete) {
        this.partitions = partitions;
        this.subscriber = subscriber;
        this.complete = complete;
    }

    /** The enumerator of a source whose partitions have not been discovered yet. */
    static TopicEnumerator of(
            SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions,
            TopicSubscriber subscriber) {
        return new TopicEnumerator(partitions, subscriber, null);
    }

    /** The enumerator of a bounded source that resumes with all of its partitions. */
    static TopicEnumerator complete(
            SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions,
            TopicSubscriber subscriber,
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        return new TopicEnumerator(partitions, subscriber, context);
    }

    @Override
    public TopicEnumeratorState snapshotState(long checkpointId) throws Exception {
        return new TopicEnumeratorState(
                subscriber.topicId(), partitions.snapshotState(checkpointId));
    }

    @Override
    public void start() {
        partitions.start();
    }

    @Override
    public void handleSplitRequest(int subtask, String host) {
        partitions.handleSplitRequest(subtask, host);
    }

    @Override
    public void addSplitsBack(List<KafkaPartitionSplit> splits, int subtask) {
        partitions.addSplitsBack(splits, subtask);
    }

    @Override
    public void addReader(int subtask) {
        partitions.addReader(subtask);
        if (complete != null) {
            complete.signalNoMoreSplits(subtask);
        }
    }

    @Override
    public void handleSourceEvent(int subtask, SourceEvent event) {
        partitions.handleSourceEvent(subtask, event);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        partitions.notifyCheckpointComplete(checkpointId);
    }

    @Override
    public void notifyCheckpointAborted(long checkpointId) throws Exception {
        partitions.notifyCheckpointAborted(checkpointId);
    }

    @Override
    public void close() throws IOException {
        partitions.close();
    }
}
