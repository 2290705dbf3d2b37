package io.github.flinksplade.connector.lucene;

import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexDeletionPolicy;

/**
 * Keeps the last {@link #NUMBER} commits. The commit that the writer opened counts as newer than
 * all that stood there before: a job that falls back to it again and again, each time leaving a
 * commit whose checkpoint never completed, must not lose it.
 */
final class KeepRecentCommitsDeletionPolicy extends IndexDeletionPolicy {

    /**
     * How many commits are kept, and so how many checkpoints back a job can go. Only one is needed
     * as long as every checkpoint completes; each costs the disk space of the segments that were
     * merged away since.
     */
    static final int NUMBER = 10;

    private final long openedGeneration;
    private long newestBefore;

    /**
     * @param openedGeneration generation of the commit that the writer opens
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
        before.subList(0, Math.max(0, before.size() - NUMBER)).forEach(IndexCommit::delete);
    }
}
