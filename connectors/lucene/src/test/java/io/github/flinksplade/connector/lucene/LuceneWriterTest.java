package io.github.flinksplade.connector.lucene;

import static io.github.flinksplade.connector.lucene.TestIndex.MODEL;
import static io.github.flinksplade.connector.lucene.TestIndex.delete;
import static io.github.flinksplade.connector.lucene.TestIndex.upsert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.SearchIndex.Hit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuceneWriterTest {

    @TempDir Path folder;
    private TestIndex index;

    @BeforeEach
    void name() {
        index = new TestIndex(folder.resolve("index"));
    }

    @Test
    void keepsTheLastChangeOfEachId() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.write(upsert("b", 1), null);
            writer.write(upsert("a", 2), null);
            writer.snapshotState(1);
            assertThat(index.idsWith(1)).containsExactly("a", "b");
            writer.write(upsert("b", 2), null);
            writer.write(delete("a", 3), null);
            writer.write(upsert("c", 1), null);
            writer.write(delete("c", 1), null);
            writer.snapshotState(2);
        }
        List<Hit> hits = index.hits(1);
        assertThat(hits).hasSize(1);
        assertThat(hits.get(0).id()).isEqualTo("b");
        assertThat(hits.get(0).text()).isEqualTo("text of b in version 2");
        assertThat(hits.get(0).fields()).isEqualTo("{\"version\":2}");
        assertThat(index.metrics.count("numRecordsSend")).isEqualTo(7);
        assertThat(index.metrics.count("numRecordsSuperseded")).isZero();
    }

    @Test
    void skipsSupersededChangesInLaterRunsToo() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("kept", 5), null);
            writer.write(upsert("kept", 4), null);
            writer.write(upsert("gone", 5), null);
            writer.write(delete("gone", 5), null);
            writer.write(upsert("gone", 5), null);
            writer.snapshotState(1);
        }
        assertThat(index.metrics.count("numRecordsSuperseded")).isEqualTo(2);
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("kept", 4), null);
            writer.write(delete("kept", 4), null);
            writer.write(upsert("gone", 4), null);
            writer.write(upsert("gone", 5), null);
            writer.snapshotState(1);
            assertThat(index.hits(1)).extracting(Hit::text).containsExactly(text("kept", 5));
            assertThat(index.metrics.count("numRecordsSuperseded")).isEqualTo(6);
            // A replay succeeds, and newer changes are written.
            writer.write(upsert("kept", 5), null);
            writer.write(delete("gone", 5), null);
            writer.write(upsert("gone", 6), null);
            writer.snapshotState(2);
        }
        assertThat(index.metrics.count("numRecordsSuperseded")).isEqualTo(6);
        assertThat(index.hits(1))
                .extracting(Hit::text)
                .containsExactly(text("gone", 6), text("kept", 5));
    }

    @Test
    void matchesAReferenceOnRandomChanges() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("matchesAReferenceOnRandomChanges: seed " + seed);
        Random random = new Random(seed);
        TreeMap<String, String> alive = new TreeMap<>();
        TreeMap<String, LiveVersionMap.Change> last = new TreeMap<>();
        LuceneWriter writer = index.open();
        for (int i = 1; i <= 2000; i++) {
            String id = "d" + random.nextInt(60);
            LiveVersionMap.Change change =
                    new LiveVersionMap.Change(random.nextInt(1 + i / 3), random.nextInt(4) == 0);
            writer.write(
                    change.isDelete() ? delete(id, change.version()) : upsert(id, change.version()),
                    null);
            LiveVersionMap.Change existing = last.get(id);
            if (existing == null
                    || change.version() > existing.version()
                    || change.version() == existing.version()
                            && (change.isDelete() || !existing.isDelete())) {
                last.put(id, change);
                if (change.isDelete()) {
                    alive.remove(id);
                } else {
                    alive.put(id, text(id, change.version()));
                }
            }
            if (random.nextInt(100) == 0) {
                List<CommitPoint> state = writer.snapshotState(i);
                if (random.nextBoolean()) {
                    writer.close();
                    writer = random.nextBoolean() ? index.open() : index.restore(state.get(0));
                }
            }
        }
        writer.snapshotState(9999);
        writer.close();
        assertThat(index.hits(1)).extracting(Hit::text).containsExactlyElementsOf(alive.values());
        try (FSDirectory directory = FSDirectory.open(index.directory);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            // One document per id: a vector or a tombstone.
            assertThat(reader.numDocs()).isEqualTo(last.size());
        }
    }

    @Test
    void mergesSegmentsAtTheEndOnceTheIndexHasDoubled() throws Exception {
        CommitPoint earlier;
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("0", 1), null);
            earlier = writer.snapshotState(1).get(0);
            for (int i = 1; i < 4; i++) {
                writer.write(upsert(Integer.toString(i), 1), null);
                writer.snapshotState(1 + i);
            }
            assertThat(segments()).isEqualTo(4);
            writer.flush(true); // no change since the last commit
            assertThat(segments()).isOne();
            assertThat(writer.snapshotState(5)).isNotEqualTo(List.of(earlier));
        }
        int commits = index.commits();
        try (LuceneWriter writer = index.open()) {
            writer.flush(true); // nothing to merge
            assertThat(index.commits()).isEqualTo(commits);
            writer.write(upsert("4", 1), null);
            writer.flush(true);
            assertThat(segments()).isEqualTo(2);
        }
        assertThat(index.hits(1)).hasSize(5);
        try (LuceneWriter writer = index.restore(earlier)) {
            writer.write(upsert("5", 1), null);
            writer.flush(true);
        }
        assertThat(index.hits(1)).hasSize(2);
    }

    /** The number of segments of the newest commit. */
    private int segments() throws Exception {
        try (FSDirectory directory = FSDirectory.open(index.directory);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            return reader.leaves().size();
        }
    }

    @Test
    void removesTombstonesAfterThirtyDays() throws Exception {
        index.check();
        Instant start = Instant.parse("2026-01-01T00:00:00Z");
        try (LuceneWriter writer = openAt(start)) {
            writer.write(delete("a", 5), null);
            writer.snapshotState(1);
        }
        try (LuceneWriter writer = openAt(start.plus(Duration.ofDays(29)))) {
            writer.write(upsert("a", 4), null);
            writer.write(upsert("b", 1), null);
            writer.snapshotState(1);
            assertThat(index.idsWith(1)).containsExactly("b");
        }
        try (LuceneWriter writer = openAt(start.plus(Duration.ofDays(31)))) {
            writer.write(upsert("a", 4), null);
            writer.snapshotState(1);
        }
        assertThat(index.idsWith(1)).containsExactly("a", "b");
    }

    private LuceneWriter openAt(Instant now) {
        return new LuceneWriter(
                new IndexDirectory(index.directory),
                TestIndex.context(MODEL),
                true,
                false,
                null,
                index.metrics,
                new LongCounter(),
                new LongCounter(),
                Clock.fixed(now, ZoneOffset.UTC));
    }

    @Test
    void rollsBackCommitsAfterTheRestoredCheckpoint() throws Exception {
        CommitPoint first;
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.write(upsert("b", 1), null);
            first = writer.snapshotState(1).get(0);
            writer.write(upsert("rolled-back", 1), null);
            writer.write(delete("a", 2), null);
            writer.snapshotState(2);
            writer.write(upsert("never-committed", 1), null);
        }
        assertThat(index.idsWith(1)).containsExactly("b", "rolled-back");
        try (LuceneWriter writer = index.restore(first)) {
            // Version 1 is older than the delete that was rolled back.
            writer.write(upsert("a", 1), null);
            writer.write(upsert("c", 1), null);
            writer.snapshotState(2);
        }
        assertThat(index.idsWith(1)).containsExactly("a", "b", "c");
    }

    @Test
    void keepsTheRestoredCommitThroughRepeatedFailures() throws Exception {
        CommitPoint first;
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            first = writer.snapshotState(1).get(0);
        }
        for (int attempt = 0;
                attempt < 2 * KeepRecentCommitsDeletionPolicy.MAX_COMMITS;
                attempt++) {
            try (LuceneWriter writer = index.restore(first)) {
                writer.write(upsert("b" + attempt, 1), null);
                writer.snapshotState(2);
            }
        }
        assertThat(index.idsWith(1)).hasSize(2).contains("a");
        assertThat(index.commits()).isEqualTo(KeepRecentCommitsDeletionPolicy.MAX_COMMITS);
    }

    @Test
    void rejectsACheckpointOlderThanTheKeptCommits() throws Exception {
        List<CommitPoint> points = new ArrayList<>();
        try (LuceneWriter writer = index.open()) {
            for (int checkpoint = 1;
                    checkpoint <= KeepRecentCommitsDeletionPolicy.MAX_COMMITS + 2;
                    checkpoint++) {
                writer.write(upsert("a" + checkpoint, 1), null);
                points.addAll(writer.snapshotState(checkpoint));
            }
        }
        assertThat(index.commits()).isEqualTo(KeepRecentCommitsDeletionPolicy.MAX_COMMITS);
        assertThatThrownBy(() -> index.restore(points.get(1)))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "the index in "
                                + index.directory
                                + " has no commit of checkpoint 2, from which the job resumes, only"
                                + " of checkpoints [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]. Use a newer"
                                + " checkpoint, or start with --reindex, which continues with the"
                                + " index as it is");
        index.restore(points.get(2)).close();
    }

    @Test
    void reportsRemovedIndexWhenAJobResumes() {
        index.check();
        assertThatThrownBy(() -> index.restore(CommitPoint.next(5)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(
                        "the index in "
                                + index.directory
                                + " has no commit of checkpoint 5, from which the job resumes,"
                                + " because it is new. ");
    }

    @Test
    void distinguishesCheckpointsWithTheSameId() throws Exception {
        CommitPoint ofTheFirstJob;
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            ofTheFirstJob = writer.snapshotState(1).get(0);
        }
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("b", 1), null);
            writer.snapshotState(1);
        }
        try (LuceneWriter writer = index.restore(ofTheFirstJob)) {
            writer.write(upsert("c", 1), null);
            writer.snapshotState(2);
        }
        assertThat(index.idsWith(1)).containsExactly("a", "c");
    }

    @Test
    void skipsCommitsWithoutChanges() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            List<CommitPoint> state = writer.snapshotState(1);
            assertThat(writer.snapshotState(2)).isEqualTo(state);
            assertThat(index.commits()).isEqualTo(2);
            writer.write(upsert("a", 1), null);
            assertThat(writer.snapshotState(3)).isNotEqualTo(state);
        }
        try (LuceneWriter writer = index.open()) {
            CommitPoint before = writer.snapshotState(1).get(0);
            assertThat(before.checkpointId()).isEqualTo(3);
        }
    }

    @Test
    void commitsAtTheEndOfTheInputWithoutACheckpoint() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.flush(false);
            assertThat(index.idsWith(1)).isEmpty();
            writer.flush(true);
            assertThat(index.idsWith(1)).containsExactly("a");
        }
    }

    @Test
    void rollsBackAndReleasesTheLockOnClose() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            assertThatThrownBy(index::check)
                    .isInstanceOf(ConnectorException.class)
                    .hasMessage(
                            "the index in "
                                    + index.directory
                                    + " is being written by another job or process, which has"
                                    + " locked its write.lock. Stop that one, or write to another"
                                    + " directory");
            assertThatThrownBy(
                            () ->
                                    index.flinkSink()
                                            .createWriter(new TestIndex.Context(1, index.metrics)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("write.lock");
        }
        index.open().close();
        assertThat(index.idsWith(1)).isEmpty();
    }

    @Test
    void reportsMissingIndexOfAnotherMachine() {
        assertThatThrownBy(
                        () ->
                                index.flinkSink()
                                        .createWriter(new TestIndex.Context(1, index.metrics)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith("there is no index in " + index.directory + " on the");
        assertThat(index.directory).doesNotExist();
    }

    @Test
    void rejectsMoreThanOneSubtask() {
        assertThat(((FlinkSink) index.prepare(TestIndex.MODEL)).maxParallelism()).isEqualTo(1);
        assertThatThrownBy(
                        () ->
                                index.flinkSink()
                                        .createWriter(new TestIndex.Context(2, index.metrics)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("parallelism 1");
    }

    @Test
    void storesTheTextUnlessDisabled() throws Exception {
        TestIndex without = new TestIndex(folder.resolve("without"), "?text=false");
        try (LuceneWriter writer = without.open()) {
            writer.write(upsert("a", 1), null);
            writer.snapshotState(1);
        }
        Hit hit = without.hits(1).get(0);
        assertThat(hit.text()).isNull();
        assertThat(hit.fields()).isEqualTo("{\"version\":1}");
    }

    @Test
    void readsItsStateAndRejectsLaterVersions() throws Exception {
        CommitPoint.Serializer serializer = new CommitPoint.Serializer();
        CommitPoint point = CommitPoint.next(42);
        assertThat(serializer.deserialize(1, serializer.serialize(point))).isEqualTo(point);
        // The bytes of version 1.
        byte[] old = {0, 0, 0, 0, 0, 0, 0, 7, 0, 2, 'i', 'd'};
        assertThat(serializer.deserialize(1, old)).isEqualTo(new CommitPoint(7, "id"));
        assertThatThrownBy(() -> serializer.deserialize(2, old))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("version 2");
    }

    @Test
    void reportsFailedWriteWithTheDirectory() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            // A folder with the name of Lucene's next file makes the write fail, even for root.
            Files.createDirectory(index.directory.resolve("pending_segments_2"));
            assertThatThrownBy(() -> writer.snapshotState(1))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageStartingWith("cannot write the index in " + index.directory + ": ");
        }
        assertThat(index.idsWith(1)).isEmpty();
    }

    @Test
    void recordsTheProvenanceInCommits() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.snapshotState(77);
        }
        try (FSDirectory directory = FSDirectory.open(index.directory);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            assertThat(reader.getIndexCommit().getUserData())
                    .containsEntry("flink.checkpoint", "77")
                    .containsEntry("flink-splade.format", "2")
                    .containsEntry("flink-splade.bm25", "NONE")
                    .containsEntry("flink-splade.model", "model-a")
                    .containsEntry("flink-splade.fingerprint", MODEL.fingerprint());
        }
    }

    private static String text(String id, long version) {
        return "text of " + id + " in version " + version;
    }
}
