package io.github.flinksplade.connector.lucene;

import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexDeletionPolicy;

/**
 * Keeps the last {@link #MAX_COMMITS} commits. The commit that the writer opened counts as newer
 * than all earlier ones: a job that falls back to it repeatedly, each time leaving a commit whose
 * checkpoint never completed, must not lose it.
 */
final class KeepRecentCommitsDeletionPolicy extends IndexDeletionPolicy {

    /**
     * The number of commits to keep, and so of checkpoints from which a job can resume. One is
     * enough as long as every checkpoint completes; each costs the disk space of the segments that
     * were merged since.
     */
    static final int MAX_COMMITS = 10;

    private final long openedGeneration;
    private long newestBefore;

    /**
     * @param openedGeneration the generation of the commit that the writer opens
     */
    KeepRecentCommitsDeletionPolicy(long openedGeneration) {
        this.openedGeneration = openedGeneration;
    }

    @Override
    public void onInit(List<? extends IndexCommit> commits) {
        for (IndexCommit commit : commits) {
            newestBefore = Math.max(newestBefore, commit.getGeneration());
        }
    }

    @Override
    public void onCommit(List<? extends IndexCommit> commits) {
        List<IndexCommit> before = new ArrayList<>();
        List<IndexCommit> opened = new ArrayList<>();
        List<IndexCommit> since = new ArrayList<>();
        for (IndexCommit commit : commits) {
            long generation = commit.getGeneration();
            (generation == openedGeneration ? opened : generation <= newestBefore ? before : since)
                    .add(commit);
        }
        before.addAll(opened);
        before.addAll(since);
        before.subList(0, Math.max(0, before.size() - MAX_COMMITS)).forEach(IndexCommit::delete);
    }
}
