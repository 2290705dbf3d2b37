package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.JobMetric;
import io.github.flinksplade.connector.SourceRecord;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplitSerializer;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Flink's Kafka source for one topic, which never skips records without a report: see {@link
 * StartOffsetsInitializer}, {@link TopicSubscriber} and {@link TopicReader}.
 */
final class TopicSource
        implements Source<SourceRecord, KafkaPartitionSplit, TopicEnumeratorState>,
                ResultTypeQueryable<SourceRecord> {

    private static final long serialVersionUID = 1L;

    static final JobMetric REMOVED_UNREAD =
            JobMetric.counter(
                    "numRecordsRemovedUnread",
                    "records",
                    List.of("source"),
                    "Offsets of a Kafka topic that retention removed before they were read.");

    private final KafkaSettings settings;
    private final Properties properties;
    private final StartOffsetsInitializer.Start start;
    private final boolean bounded;

    TopicSource(
            KafkaSettings settings,
            Properties properties,
            StartOffsetsInitializer.Start start,
            boolean bounded) {
        this.settings = settings;
        this.properties = properties;
        this.start = start;
        this.bounded = bounded;
    }

    private KafkaSource<SourceRecord> partitions(TopicSubscriber subscriber) {
        KafkaSourceBuilder<SourceRecord> builder =
                KafkaSource.<SourceRecord>builder()
                        .setKafkaSubscriber(subscriber)
                        .setStartingOffsets(new StartOffsetsInitializer(settings, start))
                        .setDeserializer(new SourceRecordDeserializer())
                        .setProperties(properties);
        if (bounded) {
            builder.setBounded(OffsetsInitializer.latest());
        }
        return builder.build();
    }

    @Override
    public Boundedness getBoundedness() {
        return bounded ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<SourceRecord, KafkaPartitionSplit> createReader(SourceReaderContext context)
            throws Exception {
        return new TopicReader(
                partitions(new TopicSubscriber(settings, null, null)).createReader(context),
                settings,
                bounded,
                () -> {
                    try (KafkaConnection connection = KafkaConnection.connect(settings)) {
                        return connection.partitions();
                    }
                },
                REMOVED_UNREAD.counter(context.metricGroup(), settings.displayName()));
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, TopicEnumeratorState> createEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context) {
        TopicSubscriber subscriber = new TopicSubscriber(settings, null, null);
        return TopicEnumerator.of(partitions(subscriber).createEnumerator(context), subscriber);
    }

    @Override
    public SplitEnumerator<KafkaPartitionSplit, TopicEnumeratorState> restoreEnumerator(
            SplitEnumeratorContext<KafkaPartitionSplit> context, TopicEnumeratorState state)
            throws java.io.IOException {
        boolean complete = bounded && state.partitions().initialDiscoveryFinished();
        TopicSubscriber subscriber =
                new TopicSubscriber(
                        settings, state.topicId(), complete ? partitionsOf(state) : null);
        var enumerator = partitions(subscriber).restoreEnumerator(context, state.partitions());
        return complete
                ? TopicEnumerator.complete(enumerator, subscriber, context)
                : TopicEnumerator.of(enumerator, subscriber);
    }

    private static Set<Integer> partitionsOf(TopicEnumeratorState state) {
        return state.partitions().splits().stream()
                .map(split -> split.split().getPartition())
                .collect(Collectors.toSet());
    }

    @Override
    public SimpleVersionedSerializer<KafkaPartitionSplit> getSplitSerializer() {
        return new KafkaPartitionSplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<TopicEnumeratorState> getEnumeratorCheckpointSerializer() {
        return new TopicEnumeratorState.Serializer();
    }

    @Override
    public TypeInformation<SourceRecord> getProducedType() {
        return TypeInformation.of(SourceRecord.class);
    }
}
