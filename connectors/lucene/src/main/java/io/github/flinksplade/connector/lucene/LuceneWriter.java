package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SinkMetrics;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.lucene.LiveVersionMap.Change;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.FilterLeafReader;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.SegmentReader;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;
import org.apache.lucene.util.ThreadInterruptedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an index and commits it with each checkpoint. Everything except merging runs in the task's
 * thread.
 *
 * <p>Its metrics are FLIP-33's {@code numRecordsSend}, and {@link SinkMetrics#SUPERSEDED}, which an
 * accumulator counts, too.
 */
final class LuceneWriter implements StatefulSinkWriter<VectorRecord, CommitPoint> {

    private static final Logger LOG = LoggerFactory.getLogger(LuceneWriter.class);

    /**
     * How long tombstones are kept: longer than a source can be read again (Kafka keeps records for
     * 7 days by default).
     */
    static final Duration TOMBSTONE_RETENTION = Duration.ofDays(30);

    private static final Duration TOMBSTONE_SWEEP_INTERVAL = Duration.ofDays(1);
    private static final double BUFFER_MEGABYTES = 32;
    private static final long MERGE_POLL_MILLIS = 20;

    /** An index of this size is merged in about a minute. */
    private static final long MAX_MERGED_AT_END_BYTES = 5L << 30;

    /**
     * Fewer segments than Lucene's default of 10, for faster searches: a segment costs a search the
     * time to look up all terms of the query. The additional merges take less time than encoding.
     */
    private static final int SEGMENTS_PER_TIER = 5;

    private final IndexDirectory index;
    private final Provenance existingProvenance;
    private final boolean storesText;
    private final Bm25 bm25;

    /** Fingerprint of the job's encoder; null if it is that of {@link #existingProvenance}. */
    private final String encoder;

    private final Clock clock;
    private final Counter sent;
    private final Counter superseded;
    private final LongCounter supersededInJob;
    private final LongCounter writtenInJob;
    private final FSDirectory directory;
    private final ConcurrentMergeScheduler mergeScheduler = new SingleThreadMergeScheduler();
    private final IndexWriter writer;
    private final LiveVersionMap versions;
    private CommitPoint lastCommit;
    private boolean hasChanges;
    private long lastSweptAt;

    /**
     * @param reindex whether all documents are written again, so that any commit can be used
     * @param restored the commit to resume from; null for the newest
     * @param superseded the job's accumulator of superseded changes
     * @param written the job's accumulator of written changes, to which the job has already added
     *     each change
     */
    LuceneWriter(
            IndexDirectory index,
            SinkContext context,
            boolean storesText,
            boolean reindex,
            CommitPoint restored,
            SinkWriterMetricGroup metrics,
            LongCounter superseded,
            LongCounter written,
            Clock clock) {
        this.index = index;
        this.storesText = storesText;
        this.clock = clock;
        this.sent = metrics.getNumRecordsSendCounter();
        this.superseded = SinkMetrics.SUPERSEDED.counter(metrics, context.identity());
        this.supersededInJob = superseded;
        this.writtenInJob = written;
        if (!Files.isDirectory(index.path())) {
            throw new ConnectorException(
                    "there is no index in "
                            + index.path()
                            + " on the machine of this task. Run the job on the machine that has"
                            + " the directory, or restart it with --reindex to create and fill"
                            + " the index");
        }
        FSDirectory openDirectory = null;
        IndexWriter openWriter = null;
        try {
            openDirectory = index.open();
            IndexCommit start = find(DirectoryReader.listCommits(openDirectory), reindex, restored);
            CommitUserData data = index.data(start.getUserData());
            index.requireSame(context, data.provenance());
            existingProvenance = data.provenance();
            String fingerprint = context.provenance().fingerprint();
            bm25 = data.bm25();
            encoder = fingerprint.equals(existingProvenance.fingerprint()) ? null : fingerprint;
            lastCommit = data.point();
            openWriter = new IndexWriter(openDirectory, configuration(start, bm25.analyzer()));
            sweep(openWriter);
            versions = new LiveVersionMap(openWriter);
            writer = openWriter;
            directory = openDirectory;
        } catch (IOException | RuntimeException e) {
            rollBack(e, openWriter, openDirectory);
            if (e instanceof IOException failure) {
                throw LuceneFailureClassifier.explain("open", index.path(), failure);
            }
            throw (RuntimeException) e;
        }
    }

    private static void rollBack(Exception cause, IndexWriter writer, FSDirectory directory) {
        try {
            if (writer != null) {
                writer.rollback();
            }
            if (directory != null) {
                directory.close();
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private IndexCommit find(List<IndexCommit> commits, boolean reindex, CommitPoint restored)
            throws IOException {
        if (restored == null) {
            return commits.get(commits.size() - 1);
        }
        TreeSet<Long> kept = new TreeSet<>();
        for (IndexCommit commit : commits) {
            CommitPoint point = index.data(commit.getUserData()).point();
            if (point.equals(restored)) {
                return commit;
            }
            kept.add(point.checkpointId());
        }
        if (reindex) {
            return commits.get(commits.size() - 1);
        }
        kept.remove(0L);
        throw new ConnectorException(
                "the index in "
                        + index.path()
                        + " has no commit of checkpoint "
                        + restored.checkpointId()
                        + ", from which the job resumes, "
                        + (kept.isEmpty() ? "because it is new" : "only of checkpoints " + kept)
                        + ". Use "
                        + (kept.isEmpty() ? "another directory" : "a newer checkpoint")
                        + ", or start with --reindex, which continues with the index as it is");
    }

    private IndexWriterConfig configuration(IndexCommit start, Analyzer analyzer) {
        return new IndexWriterConfig(analyzer)
                .setOpenMode(IndexWriterConfig.OpenMode.APPEND)
                .setIndexCommit(start)
                .setIndexDeletionPolicy(new KeepRecentCommitsDeletionPolicy(start.getGeneration()))
                .setCommitOnClose(false)
                .setRAMBufferSizeMB(BUFFER_MEGABYTES)
                .setMergePolicy(new TieredMergePolicy().setSegmentsPerTier(SEGMENTS_PER_TIER))
                .setMergeScheduler(mergeScheduler);
    }

    @Override
    public void write(VectorRecord record, Context context) {
        explainFailures(() -> apply(record));
    }

    private void apply(VectorRecord record) throws IOException {
        String id = record.id();
        Change existing = versions.find(id);
        Change change = Change.of(record, existing);
        long order = record.version() == VectorRecord.NO_VERSION ? change.order() : record.order();
        if (existing != null && existing.order() > order) {
            superseded.inc();
            supersededInJob.add(1);
            writtenInJob.add(-1);
            return;
        }
        hasChanges = true;
        if (record.isDelete()) {
            writer.deleteDocuments(LuceneSchema.byId(id));
            writer.updateDocument(
                    LuceneSchema.byDeletedId(id),
                    LuceneSchema.tombstone(id, change.version(), clock.millis()));
        } else {
            if (existing != null && existing.isDelete()) {
                writer.deleteDocuments(LuceneSchema.byDeletedId(id));
            }
            writer.updateDocument(
                    LuceneSchema.byId(id),
                    LuceneSchema.document(record, storesText, bm25, encoder));
        }
        versions.put(id, change);
        sent.inc();
    }

    /**
     * Commits only at the end of the input, when there may be no further checkpoint. Otherwise
     * {@link #snapshotState} commits.
     */
    @Override
    public void flush(boolean endOfInput) {
        if (endOfInput) {
            explainFailures(
                    () -> {
                        mergeAtEnd();
                        commit(0);
                    });
        }
    }

    /**
     * Merges all segments into one, which makes searches faster, unless one of them already has
     * half of the index: then the index has not doubled since the last time. An index that is too
     * large for this, or for the free disk space, only waits for the merges that the merge policy
     * requests, which would be lost.
     */
    private void mergeAtEnd() throws IOException {
        List<Long> segments = segmentBytes();
        long total = segments.stream().mapToLong(Long::longValue).sum();
        long largest = segments.stream().mapToLong(Long::longValue).max().orElse(0);
        long free = Files.getFileStore(index.path()).getUsableSpace();
        if (2 * largest < total && total <= Math.min(MAX_MERGED_AT_END_BYTES, free / 2)) {
            LOG.info("Merging {} segments of the index in {}", segments.size(), index.path());
            writer.forceMerge(1, false);
        } else {
            writer.maybeMerge();
        }
        awaitMerges();
        hasChanges |= !segmentBytes().equals(segments);
    }

    /** The size of each segment, those of uncommitted changes included. */
    private List<Long> segmentBytes() throws IOException {
        List<Long> bytes = new ArrayList<>();
        try (DirectoryReader reader = DirectoryReader.open(writer)) {
            for (LeafReaderContext leaf : reader.leaves()) {
                SegmentReader segment = (SegmentReader) FilterLeafReader.unwrap(leaf.reader());
                bytes.add(segment.getSegmentInfo().sizeInBytes());
            }
        }
        return bytes;
    }

    /** Can be interrupted, which {@link ConcurrentMergeScheduler#sync} cannot. */
    private void awaitMerges() {
        while (writer.isOpen()
                && (writer.hasPendingMerges() || mergeScheduler.mergeThreadCount() > 0)) {
            try {
                Thread.sleep(MERGE_POLL_MILLIS);
            } catch (InterruptedException e) {
                throw new ThreadInterruptedException(e);
            }
        }
    }

    @Override
    public List<CommitPoint> snapshotState(long checkpointId) {
        explainFailures(() -> commit(checkpointId));
        return List.of(lastCommit);
    }

    /** Skips an unchanged index, so that an idle job does not push out older commits. */
    private void commit(long checkpointId) throws IOException {
        if (!hasChanges) {
            return;
        }
        if (clock.millis() - lastSweptAt >= TOMBSTONE_SWEEP_INTERVAL.toMillis()) {
            sweep(writer);
        }
        CommitPoint point = CommitPoint.next(checkpointId);
        writer.setLiveCommitData(
                new CommitUserData(existingProvenance, bm25, point).toMap().entrySet());
        writer.commit();
        lastCommit = point;
        hasChanges = false;
        versions.refresh();
    }

    /** Removes expired tombstones. */
    private void sweep(IndexWriter writer) throws IOException {
        lastSweptAt = clock.millis();
        writer.deleteDocuments(
                LongPoint.newRangeQuery(
                        LuceneSchema.DELETED_AT,
                        Long.MIN_VALUE,
                        lastSweptAt - TOMBSTONE_RETENTION.toMillis()));
    }

    private interface Action {
        void run() throws IOException;
    }

    /**
     * Explains failures. A failure that closed the writer, possibly in a merge thread, appears
     * later as another exception.
     */
    private void explainFailures(Action action) {
        try {
            action.run();
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("write", index.path(), e);
        } catch (RuntimeException e) {
            if (writer.getTragicException() instanceof IOException failure) {
                throw LuceneFailureClassifier.explain("write", index.path(), failure);
            }
            throw e;
        }
    }

    /**
     * Rolls back uncommitted changes and releases the lock. What was committed stays.
     *
     * <p>A failure is only logged, because Flink ends the whole TaskManager if closing fails while
     * a task is canceled. Failures are possible then: the cancellation interrupts the thread,
     * Lucene stops waiting for merges, and the channel of its lock closes. The next writer deletes
     * files that remain.
     */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            IOUtils.close(versions, writer::rollback);
            directory.close();
        } catch (IOException | RuntimeException first) {
            interrupted |= first instanceof ThreadInterruptedException || Thread.interrupted();
            try {
                // the writer may have been interrupted before it released its lock
                IOUtils.close(writer::rollback, directory);
            } catch (IOException | RuntimeException e) {
                e.addSuppressed(first);
                LOG.warn(
                        "The writer of the index in {} was not closed properly ({}). Its committed"
                                + " documents are complete.",
                        index.path(),
                        e.getMessage(),
                        e);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Merges in one thread in addition to the task's. A failed merge closes the writer, and the
     * next write reports the reason; the thread itself does not.
     */
    private static final class SingleThreadMergeScheduler extends ConcurrentMergeScheduler {

        SingleThreadMergeScheduler() {
            setMaxMergesAndThreads(6, 1);
        }

        @Override
        protected void handleMergeException(Throwable failure) {}
    }
}
