package io.github.flinksplade.bench;

import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Reads JSON records from a {@link Feed}. It is unbounded, so the job must be canceled. It supports
 * one subtask and has no state: a restored job continues with what the feed has next.
 */
final class FeedSource implements Source<SourceRecord, FeedSource.NoSplit, Void>, DocumentSource {

    private static final long serialVersionUID = 1L;

    private final String feed;

    FeedSource(String feed) {
        this.feed = feed;
    }

    /** There are no splits; the only reader reads from the feed. */
    interface NoSplit extends SourceSplit {}

    @Override
    public String identity() {
        return "feed:" + feed;
    }

    @Override
    public void check() {}

    @Override
    public RecordFormat format() {
        return RecordFormat.JSON;
    }

    @Override
    public Source<SourceRecord, ?, ?> source() {
        return this;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<SourceRecord, NoSplit> createReader(SourceReaderContext context) {
        Feed records = Feed.open(feed);
        return new SourceReader<>() {
            @Override
            public void start() {}

            @Override
            public InputStatus pollNext(ReaderOutput<SourceRecord> output) {
                SourceRecord next = records.poll();
                if (next == null) {
                    return InputStatus.NOTHING_AVAILABLE;
                }
                output.collect(next);
                return InputStatus.MORE_AVAILABLE;
            }

            @Override
            public CompletableFuture<Void> isAvailable() {
                return records.available();
            }

            @Override
            public List<NoSplit> snapshotState(long checkpoint) {
                return List.of();
            }

            @Override
            public void addSplits(List<NoSplit> splits) {}

            @Override
            public void notifyNoMoreSplits() {}

            @Override
            public void close() {}
        };
    }

    @Override
    public SplitEnumerator<NoSplit, Void> createEnumerator(
            SplitEnumeratorContext<NoSplit> context) {
        return new SplitEnumerator<>() {
            @Override
            public void start() {}

            @Override
            public void handleSplitRequest(int subtask, String host) {}

            @Override
            public void addSplitsBack(List<NoSplit> splits, int subtask) {}

            @Override
            public void addReader(int subtask) {}

            @Override
            public Void snapshotState(long checkpoint) {
                return null;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public SplitEnumerator<NoSplit, Void> restoreEnumerator(
            SplitEnumeratorContext<NoSplit> context, Void checkpoint) {
        return createEnumerator(context);
    }

    @Override
    public SimpleVersionedSerializer<NoSplit> getSplitSerializer() {
        return new EmptySerializer<>();
    }

    @Override
    public SimpleVersionedSerializer<Void> getEnumeratorCheckpointSerializer() {
        return new EmptySerializer<>();
    }

    private static final class EmptySerializer<T> implements SimpleVersionedSerializer<T> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(T value) {
            return new byte[0];
        }

        @Override
        public T deserialize(int version, byte[] bytes) {
            return null;
        }
    }
}
