package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.UnreachableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
@SuppressWarnings("try") // close() of SourceReader declares an Exception, which may be an interrupt
class TopicReaderTest {

    /** A reader that never has records. */
    private static final class IdleReader
            implements SourceReader<SourceRecord, KafkaPartitionSplit> {

        private final List<KafkaPartitionSplit> splits = new ArrayList<>();
        private final CompletableFuture<Void> never = new CompletableFuture<>();
        private boolean complete;

        @Override
        public void start() {}

        @Override
        public InputStatus pollNext(ReaderOutput<SourceRecord> output) {
            return complete ? InputStatus.END_OF_INPUT : InputStatus.NOTHING_AVAILABLE;
        }

        @Override
        public List<KafkaPartitionSplit> snapshotState(long checkpointId) {
            return splits;
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            return never;
        }

        @Override
        public void addSplits(List<KafkaPartitionSplit> added) {
            splits.addAll(added);
        }

        @Override
        public void notifyNoMoreSplits() {
            complete = true;
        }

        @Override
        public void close() {}
    }

    private final IdleReader idle = new IdleReader();
    private final SimpleCounter removed = new SimpleCounter();
    private final AtomicInteger outages = new AtomicInteger();
    private final TopicReader reader =
            new TopicReader(
                    idle,
                    KafkaSettings.of(ConnectorUri.parse("kafka://b:1/t")),
                    false,
                    () -> {
                        if (outages.getAndDecrement() > 0) {
                            throw new UnreachableException("no broker responds", null);
                        }
                        return List.of(
                                new PartitionOffsets(0, 4, 10), new PartitionOffsets(1, 0, 10));
                    },
                    removed);

    @AfterEach
    void close() throws Exception {
        reader.close();
    }

    private static KafkaPartitionSplit split(int partition, long offset) {
        return new KafkaPartitionSplit(new TopicPartition("t", partition), offset);
    }

    /** A task requests the future once and then waits for it. */
    @Test
    void wakesATaskThatWaitsSinceBeforeTheAssignment() throws Exception {
        CompletableFuture<Void> available = reader.isAvailable();
        assertThat(available).isNotDone();
        reader.addSplits(List.of(split(1, 3)));
        available.get(20, TimeUnit.SECONDS);
        reader.pollNext(null);
        assertThat(idle.splits).containsExactly(split(1, 3));
        assertThat(reader.isAvailable()).isNotDone();
        reader.addSplits(List.of(split(0, 7)));
        reader.isAvailable().get(20, TimeUnit.SECONDS);
        reader.pollNext(null);
        assertThat(idle.splits).hasSize(2);
    }

    @Test
    void waitsForBrokersAndKeepsThePartitionInItsState() throws Exception {
        outages.set(1);
        reader.addSplits(List.of(split(0, 2)));
        reader.notifyNoMoreSplits();
        assertThat(reader.pollNext(null)).isNotEqualTo(InputStatus.END_OF_INPUT);
        assertThat(reader.snapshotState(1)).hasSize(1);
        InputStatus status = InputStatus.NOTHING_AVAILABLE;
        while (status != InputStatus.END_OF_INPUT) {
            reader.isAvailable().get(20, TimeUnit.SECONDS);
            status = reader.pollNext(null);
        }
        assertThat(idle.splits).containsExactly(split(0, 4));
        assertThat(removed.getCount()).isEqualTo(2);
    }

    @Test
    void rejectsPositionsBeyondTheEnd() throws Exception {
        reader.addSplits(List.of(split(1, 11)));
        reader.isAvailable().get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> reader.pollNext(null))
                .isInstanceOf(PermanentFailureException.class)
                .hasMessageContaining("offset 11 of t-1, but the partition ends at 10")
                .hasMessageContaining("--reindex");
    }
}
