package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceEnumerator;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceReader;
import org.apache.flink.api.connector.source.lib.util.IteratorSourceSplit;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A bounded source of records in two partitions that follows a script: it waits for a checkpoint
 * after a number of records, fails a number of times shortly after one, and may pause at the end of
 * a partition.
 */
final class ScriptedSource
        implements Source<SourceRecord, ScriptedSource.Split, Collection<ScriptedSource.Split>>,
                DocumentSource {

    private static final long serialVersionUID = 1L;

    static final int PARTITIONS = 2;

    /** The script, which readers look up by name, because they are serialized. */
    static final class Script {
        final List<List<SourceRecord>> partitions = new ArrayList<>();
        final AtomicInteger remainingFailures = new AtomicInteger();
        final AtomicInteger failures = new AtomicInteger();

        /** Number of records between two checkpoints; 0 to wait for none. */
        volatile int recordsPerCheckpoint;

        /** The position at which each partition pauses; -1 to not pause. */
        volatile int pauseAt = -1;

        private final AtomicInteger pausedReaders = new AtomicInteger();
        private final AtomicInteger checkpointsWhilePaused = new AtomicInteger();

        Script() {
            for (int i = 0; i < PARTITIONS; i++) {
                partitions.add(new ArrayList<>());
            }
        }

        /** Whether a partition is paused and the whole job runs: a checkpoint has completed. */
        boolean isPaused() {
            return pausedReaders.get() > 0 && checkpointsWhilePaused.get() > 0;
        }
    }

    private static final Map<String, Script> SCRIPTS = new ConcurrentHashMap<>();

    private final String name;

    ScriptedSource(String name, Script script) {
        this.name = name;
        SCRIPTS.put(name, script);
    }

    @Override
    public String identity() {
        return "scripted";
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
        return Boundedness.BOUNDED;
    }

    record Split(String name, int partition, int position)
            implements IteratorSourceSplit<SourceRecord, Records> {

        @Override
        public String splitId() {
            return name + partition;
        }

        @Override
        public Records getIterator() {
            return new Records(name, partition, position);
        }

        @Override
        public IteratorSourceSplit<SourceRecord, Records> getUpdatedSplitForIterator(
                Records records) {
            return new Split(name, partition, records.position);
        }
    }

    static final class Records implements Iterator<SourceRecord> {
        private final List<SourceRecord> records;
        private int position;

        Records(String name, int partition, int position) {
            this.records = SCRIPTS.get(name).partitions.get(partition);
            this.position = position;
        }

        @Override
        public boolean hasNext() {
            return position < records.size();
        }

        @Override
        public SourceRecord next() {
            return records.get(position++);
        }
    }

    private static final class Reader extends IteratorSourceReader<SourceRecord, Records, Split> {
        private final Script script;
        private final SourceReaderContext readerContext;
        private CompletableFuture<Void> checkpoint = CompletableFuture.completedFuture(null);
        private int sinceCheckpoint;
        private boolean seenCheckpoint;
        private boolean paused;

        Reader(SourceReaderContext context, Script script) {
            super(context);
            this.script = script;
            this.readerContext = context;
        }

        @Override
        public InputStatus pollNext(ReaderOutput<SourceRecord> output) {
            if (iterator != null && iterator.position == script.pauseAt) {
                if (!paused) {
                    paused = true;
                    script.pausedReaders.incrementAndGet();
                }
                checkpoint = new CompletableFuture<>();
                return InputStatus.NOTHING_AVAILABLE;
            }
            if (script.recordsPerCheckpoint > 0 && sinceCheckpoint >= script.recordsPerCheckpoint) {
                if (checkpoint.isDone()) {
                    checkpoint = new CompletableFuture<>();
                }
                return InputStatus.NOTHING_AVAILABLE;
            }
            if (seenCheckpoint
                    && sinceCheckpoint == script.recordsPerCheckpoint / 2
                    && script.remainingFailures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                script.failures.incrementAndGet();
                throw new IllegalStateException("failure of the script");
            }
            sinceCheckpoint++;
            return super.pollNext(output);
        }

        /** Flink's reader reads the first record of a split even if the split is empty. */
        @Override
        public void addSplits(List<Split> splits) {
            List<Split> nonEmpty = splits.stream().filter(s -> s.getIterator().hasNext()).toList();
            if (nonEmpty.isEmpty()) {
                readerContext.sendSplitRequest();
            } else {
                super.addSplits(nonEmpty);
            }
        }

        @Override
        public CompletableFuture<Void> isAvailable() {
            return checkpoint.isDone() ? super.isAvailable() : checkpoint;
        }

        @Override
        public void notifyCheckpointComplete(long id) {
            seenCheckpoint = true;
            if (paused) {
                script.checkpointsWhilePaused.incrementAndGet();
            }
            sinceCheckpoint = 0;
            checkpoint.complete(null);
        }

        @Override
        public void close() {}
    }

    @Override
    public SourceReader<SourceRecord, Split> createReader(SourceReaderContext context) {
        return new Reader(context, SCRIPTS.get(name));
    }

    @Override
    public SplitEnumerator<Split, Collection<Split>> createEnumerator(
            SplitEnumeratorContext<Split> context) {
        List<Split> splits = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            splits.add(new Split(name, i, 0));
        }
        return new IteratorSourceEnumerator<>(context, splits);
    }

    @Override
    public SplitEnumerator<Split, Collection<Split>> restoreEnumerator(
            SplitEnumeratorContext<Split> context, Collection<Split> splits) {
        return new IteratorSourceEnumerator<>(context, splits);
    }

    @Override
    public SimpleVersionedSerializer<Split> getSplitSerializer() {
        return new SplitSerializer();
    }

    @Override
    public SimpleVersionedSerializer<Collection<Split>> getEnumeratorCheckpointSerializer() {
        return new SplitsSerializer();
    }

    private static final class SplitSerializer implements SimpleVersionedSerializer<Split> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(Split split) {
            return new SplitsSerializer().serialize(List.of(split));
        }

        @Override
        public Split deserialize(int version, byte[] bytes) throws IOException {
            return new SplitsSerializer().deserialize(version, bytes).iterator().next();
        }
    }

    private static final class SplitsSerializer
            implements SimpleVersionedSerializer<Collection<Split>> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(Collection<Split> splits) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                out.writeInt(splits.size());
                for (Split split : splits) {
                    out.writeUTF(split.name());
                    out.writeInt(split.partition());
                    out.writeInt(split.position());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return bytes.toByteArray();
        }

        @Override
        public Collection<Split> deserialize(int version, byte[] bytes) throws IOException {
            List<Split> splits = new ArrayList<>();
            try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
                for (int i = in.readInt(); i > 0; i--) {
                    splits.add(new Split(in.readUTF(), in.readInt(), in.readInt()));
                }
            }
            return splits;
        }
    }
}
