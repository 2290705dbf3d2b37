package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import java.util.List;
import org.apache.flink.api.connector.source.SourceEvent;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;

/** Flink's enumerator of partitions, whose checkpoints contain the id of the topic too. */
final class TopicEnumerator implements SplitEnumerator<KafkaPartitionSplit, TopicState> {

    private final SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions;
    private final TopicSubscriber subscriber;

    TopicEnumerator(
            SplitEnumerator<KafkaPartitionSplit, KafkaSourceEnumState> partitions,
            TopicSubscriber subscriber) {
        this.partitions = partitions;
        this.subscriber = subscriber;
    }

    @Override
    public TopicState snapshotState(long checkpointId) throws Exception {
        return new TopicState(subscriber.topicId(), partitions.snapshotState(checkpointId));
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
