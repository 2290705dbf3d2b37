package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.lucene.LiveVersionMap.Change;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;

/**
 * Writes the index and commits it with each checkpoint. All but merging happens on the task's
 * thread.
 *
 * <p>Metrics: FLIP-33's {@code numRecordsSend}; {@code superseded} counts changes that were skipped
 * because the index contains a newer one of their id, as does an accumulator.
 */
final class LuceneWriter implements StatefulSinkWriter<VectorRecord, CommitPoint> {

    /**
     * How long a deleted id is remembered: longer than a source can be read back (Kafka keeps
     * records for 7 days by default).
     */
    static final Duration TOMBSTONES_KEPT = Duration.ofDays(30);

    private static final Duration TOMBSTONES_SWEPT_EVERY = Duration.ofDays(1);
    private static final double BUFFER_MEGABYTES = 32;

    private final IndexDirectory index;
    private final Provenance recorded;
    private final boolean storeText;
    private final Clock clock;
    private final Counter sent;
    private final Counter superseded;
    private final LongCounter supersededInJob;
    private final LongCounter writtenInJob;
    private final FSDirectory directory;
    private final IndexWriter writer;
    private final LiveVersionMap versions;
    private CommitPoint lastCommit;
    private boolean changed;
    private long sweptAt;

    /**
     * @param reindex whether everything is sent again, so that any commit will do
     * @param restored the commit to go on from, or null for the newest
     * @param superseded the job's accumulator of superseded changes
     * @param written the job's accumulator of written changes, which the job has already added each
     *     change to
     */
    LuceneWriter(
            IndexDirectory index,
            SinkContext context,
            boolean storeText,
            boolean reindex,
            CommitPoint restored,
            SinkWriterMetricGroup metrics,
            LongCounter superseded,
            LongCounter written,
            Clock clock) {
        this.index = index;
        this.storeText = storeText;
        this.clock = clock;
        this.sent = metrics.getNumRecordsSendCounter();
        this.superseded = metrics.counter("superseded");
        this.supersededInJob = superseded;
        this.writtenInJob = written;
        if (!Files.isDirectory(index.path())) {
            throw new ConnectorException(
                    "there is no index in "
                            + index.path()
                            + " on the machine that is to write it; run the job on the machine that"
                            + " has the directory, or start it without earlier state where it is to"
                            + " be created");
        }
        FSDirectory openDirectory = null;
        IndexWriter openWriter = null;
        try {
            openDirectory = index.open();
            IndexCommit start = find(DirectoryReader.listCommits(openDirectory), reindex, restored);
            CommitUserData data = index.data(start.getUserData());
            index.requireSame(context, data.provenance());
            recorded = data.provenance();
            lastCommit = data.point();
            openWriter = new IndexWriter(openDirectory, configuration(start));
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
                        + " that the job goes on from, "
                        + (kept.isEmpty() ? "for it is new" : "only those of checkpoints " + kept)
                        + "; go on from "
                        + (kept.isEmpty() ? "another directory" : "a newer checkpoint")
                        + ", or start with --reindex, which continues with the index as it is");
    }

    private IndexWriterConfig configuration(IndexCommit start) {
        return new IndexWriterConfig()
                .setOpenMode(IndexWriterConfig.OpenMode.APPEND)
                .setIndexCommit(start)
                .setIndexDeletionPolicy(new KeepRecentCommitsDeletionPolicy(start.getGeneration()))
                .setCommitOnClose(false)
                .setRAMBufferSizeMB(BUFFER_MEGABYTES)
                .setMergeScheduler(new OneMergeAtATime());
    }

    @Override
    public void write(VectorRecord record, Context context) {
        guarded(() -> apply(record));
    }

    private void apply(VectorRecord record) throws IOException {
        String id = record.id();
        Change held = versions.find(id);
        Change change = Change.of(record, held);
        if (held != null && held.isNewerThan(change)) {
            superseded.inc();
            supersededInJob.add(1);
            writtenInJob.add(-1);
            return;
        }
        changed = true;
        if (record.isDelete()) {
            writer.deleteDocuments(LuceneSchema.byId(id));
            writer.updateDocument(
                    LuceneSchema.byDeletedId(id),
                    LuceneSchema.tombstone(id, change.version(), clock.millis()));
        } else {
            if (held != null && held.isDelete()) {
                writer.deleteDocuments(LuceneSchema.byDeletedId(id));
            }
            writer.updateDocument(LuceneSchema.byId(id), LuceneSchema.document(record, storeText));
        }
        versions.note(id, change);
        sent.inc();
    }

    /**
     * Nothing to do before a checkpoint, whose {@link #snapshotState} commits. At the end of the
     * input there may be no checkpoint to come.
     */
    @Override
    public void flush(boolean endOfInput) {
        if (endOfInput) {
            guarded(() -> commit(0));
        }
    }

    @Override
    public List<CommitPoint> snapshotState(long checkpointId) {
        guarded(() -> commit(checkpointId));
        return List.of(lastCommit);
    }

    /** An index that did not change keeps its commit, so that an idle job does not age others. */
    private void commit(long checkpointId) throws IOException {
        if (!changed) {
            return;
        }
        if (clock.millis() - sweptAt >= TOMBSTONES_SWEPT_EVERY.toMillis()) {
            sweep(writer);
        }
        CommitPoint point = CommitPoint.next(checkpointId);
        writer.setLiveCommitData(new CommitUserData(recorded, point).toMap().entrySet());
        writer.commit();
        lastCommit = point;
        changed = false;
        versions.refresh();
    }

    /** Forgets the ids that were deleted long ago. */
    private void sweep(IndexWriter writer) throws IOException {
        sweptAt = clock.millis();
        writer.deleteDocuments(
                LongPoint.newRangeQuery(
                        LuceneSchema.DELETED_AT,
                        Long.MIN_VALUE,
                        sweptAt - TOMBSTONES_KEPT.toMillis()));
    }

    private interface Action {
        void run() throws IOException;
    }

    /**
     * Says in one sentence what failed. A failure that closed the writer, on a merging thread
     * perhaps, shows afterwards in exceptions of other kinds.
     */
    private void guarded(Action action) {
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

    /** Gives up what was not committed, and the lock with it. */
    @Override
    public void close() throws IOException {
        IOUtils.close(versions, writer::rollback, directory);
    }

    /**
     * Merges on one thread beside the task's. A merge that fails closes the writer, and the next
     * write reports why; the thread itself stays silent.
     */
    private static final class OneMergeAtATime extends ConcurrentMergeScheduler {

        OneMergeAtATime() {
            setMaxMergesAndThreads(6, 1);
        }

        @Override
        protected void handleMergeException(Throwable failure) {}
    }
}
