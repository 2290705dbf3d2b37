package io.github.flinksplade.connector.kafka;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a job without state starts to read. The offsets are looked up once and become part of the
 * state, so "latest" remains the end of the topic at the first start.
 *
 * <p>The consumer never resets a position by itself ({@code auto.offset.reset=none}): it would
 * silently skip or repeat records. {@link TopicReader} handles positions that no longer exist.
 */
@SuppressWarnings("deprecation") // Flink's interface uses Kafka's deprecated enum
record StartOffsetsInitializer(KafkaSettings settings, Start start) implements OffsetsInitializer {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(StartOffsetsInitializer.class);

    /** The values of the option {@code start}. */
    enum Start {
        /** The first record of each partition. */
        EARLIEST,
        /** The end of each partition: only records that arrive from now on. */
        LATEST,
        /** The consumer group's committed offsets; the first record of a partition without one. */
        COMMITTED
    }

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever retriever) {
        Map<TopicPartition, Long> offsets =
                new BrokerWaiter(settings)
                        .await(
                                "looking up the start offsets",
                                () -> offsets(partitions, retriever));
        Map<Integer, Long> byPartition = new TreeMap<>();
        offsets.forEach((partition, offset) -> byPartition.put(partition.partition(), offset));
        LOG.info("Starting to read {} at these offsets by partition: {}", settings, byPartition);
        return offsets;
    }

    private Map<TopicPartition, Long> offsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever retriever) {
        return switch (start) {
            case EARLIEST -> retriever.beginningOffsets(partitions);
            case LATEST -> retriever.endOffsets(partitions);
            case COMMITTED -> {
                Map<TopicPartition, Long> offsets =
                        new HashMap<>(retriever.beginningOffsets(partitions));
                retriever
                        .committedOffsets(partitions)
                        .forEach(
                                (partition, offset) -> {
                                    if (offset != null) {
                                        offsets.put(partition, offset);
                                    }
                                });
                yield offsets;
            }
        };
    }

    @Override
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return OffsetResetStrategy.NONE;
    }
}
