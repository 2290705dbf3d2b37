package io.github.flinksplade.connector.lucene;

import static io.github.flinksplade.connector.lucene.TestIndex.MODEL;
import static io.github.flinksplade.connector.lucene.TestIndex.upsert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.environment.HomeDirectory;
import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.flink.util.InstantiationUtil;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FSDirectory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuceneSinkTest {

    @TempDir Path folder;

    @Test
    void isLoadedForTheLuceneScheme() {
        ConnectorUri uri = ConnectorUri.parse("lucene:" + folder.resolve("index"));
        assertThat(Connectors.of(uri)).isInstanceOf(LuceneConnector.class);
        assertThatThrownBy(() -> Connectors.of(uri).source(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("cannot be read from");
    }

    @Test
    void rejectsUnknownOptionsAndValues() {
        LuceneConnector connector = new LuceneConnector();
        assertThatThrownBy(() -> connector.sink(ConnectorUri.parse("lucene:idx?txt=false")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("did you mean 'text'?");
        assertThatThrownBy(() -> connector.sink(ConnectorUri.parse("lucene:idx?text=no")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("write true or false");
        assertThatThrownBy(() -> connector.sink(ConnectorUri.parse("lucene:a\0b")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("is not a valid path");
    }

    @Test
    void expandsATilde() {
        String home = HomeDirectory.of(System.getenv()).normalize().toString();
        LuceneConnector connector = new LuceneConnector();
        assertThat(connector.sink(ConnectorUri.parse("lucene:~/idx?text=false")).identity())
                .isEqualTo("lucene:" + home + "/idx");
        for (String other : List.of("lucene:~ann/idx", "lucene://host/idx")) {
            assertThatThrownBy(() -> connector.sink(ConnectorUri.parse(other)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageStartingWith(other);
        }
    }

    @Test
    void canBeSearchedBeforeAnythingIsWritten() {
        TestIndex index = new TestIndex(folder.resolve("deep/er/index"));
        index.check();
        index.check();
        try (SearchIndex search = index.search()) {
            assertThat(search.provenance()).isEqualTo(MODEL);
            assertThat(
                            search.search(
                                    new SearchIndex.Query(
                                            new SparseVector(new int[] {1}, new float[] {1}),
                                            10,
                                            false)))
                    .isEmpty();
        }
    }

    /** Flink interrupts a task that it cancels, and ends the TaskManager if closing fails then. */
    @Test
    void closesWhenInterrupted() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        LuceneWriter interrupted = index.open();
        interrupted.write(upsert("a", 1), null);
        CommitPoint point = interrupted.snapshotState(1).get(0);
        interrupted.write(upsert("b", 1), null);
        Thread.currentThread().interrupt();
        interrupted.close();
        assertThat(Thread.interrupted()).isTrue();

        try (LuceneWriter next = index.restore(point)) {
            next.write(upsert("c", 1), null);
            next.snapshotState(2);
        }
        try (SearchIndex search = index.search()) {
            assertThat(search.search(new SearchIndex.Query(upsert("a", 1).vector(), 10, false)))
                    .extracting(Hit::id)
                    .containsExactly("a", "c");
        }
    }

    @Test
    void isSerializable() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        InstantiationUtil.clone(index.sink());
        InstantiationUtil.clone(index.sink());
    }

    @Test
    void rejectsAnIndexOfAnotherModel() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        CommitPoint point;
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            point = writer.snapshotState(1).get(0);
        }
        Provenance other = new Provenance("model-b", "bb", "tt", "fp32", "none", 256);
        String message =
                "the index in "
                        + index.directory
                        + " contains vectors of the model model-a (fingerprint "
                        + MODEL.fingerprint()
                        + "), not of model-b (fingerprint "
                        + other.fingerprint()
                        + "; they differ in model_sha256, max_tokens). Use that model and its settings,"
                        + " or use a new directory, or remove this one, or accept both models with"
                        + " --allow-mixed-models";
        assertThatThrownBy(() -> index.check(other))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(message);
        LuceneFlinkSink sink = index.flinkSink(other);
        assertThatThrownBy(
                        () ->
                                sink.restoreWriter(
                                        new TestIndex.Context(1, index.metrics), List.of(point)))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(message);
        // The rejections left nothing open.
        index.check(new Provenance("moved/model-a", "aa", "tt", "fp32", "none", 128));
        assertThat(index.idsWith(1)).containsExactly("a");
    }

    @Test
    void rejectsForeignFilesAndIndexes() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertRejected(new TestIndex(file), "is a file");
        assertRejected(new TestIndex(file.resolve("below")), "cannot create the index in");

        Path documents = Files.createDirectory(folder.resolve("documents"));
        Files.writeString(documents.resolve("thesis.txt"), "x");
        assertRejected(new TestIndex(documents), "is not empty and contains no Lucene index");
        assertThat(documents).isDirectoryContaining("glob:**/thesis.txt");

        Path foreign = folder.resolve("foreign");
        try (FSDirectory directory = FSDirectory.open(foreign);
                IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
            writer.addDocument(new Document());
        }
        TestIndex index = new TestIndex(foreign);
        assertRejected(index, "that flink-splade did not create");
        assertFails(index, "that flink-splade did not create", index::search);
    }

    @Test
    void reportsMissingIndexesOnSearch() throws Exception {
        TestIndex missing = new TestIndex(folder.resolve("missing"));
        assertFails(missing, "does not exist", missing::search);
        assertThat(missing.directory).doesNotExist();
        TestIndex empty = new TestIndex(Files.createDirectory(folder.resolve("empty")));
        assertFails(empty, "contains no Lucene index", empty::search);
        TestIndex file = new TestIndex(Files.writeString(folder.resolve("file"), "x"));
        assertFails(file, "is a file", file::search);
    }

    @Test
    void createsTheIndexAfterAnInterruptedCreation() throws Exception {
        TestIndex index = new TestIndex(Files.createDirectory(folder.resolve("index")));
        Files.writeString(index.directory.resolve("write.lock"), "");
        Files.writeString(index.directory.resolve("pending_segments_1"), "half");
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.snapshotState(1);
        }
        assertThat(index.idsWith(1)).containsExactly("a");
    }

    /**
     * Each file corrupt in each way: a search returns the same hits as before or fails with a
     * message.
     */
    @Test
    void reportsACorruptIndex() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("reportsACorruptIndex: seed " + seed);
        Random random = new Random(seed);
        TestIndex index = new TestIndex(folder.resolve("index"));
        try (LuceneWriter writer = index.open()) {
            for (int i = 0; i < 20; i++) {
                writer.write(upsert("a" + i, 1), null);
            }
            writer.snapshotState(1);
            writer.write(upsert("a3", 2), null);
            writer.write(upsert("b", 1), null);
            writer.snapshotState(2);
        }
        List<String> whole = index.hits(1).stream().map(LuceneSinkTest::shown).toList();
        assertThat(whole).hasSize(21);
        List<Path> files;
        try (Stream<Path> all = Files.list(index.directory)) {
            files = all.filter(file -> !file.endsWith("write.lock")).sorted().toList();
        }
        assertThat(files).hasSizeGreaterThan(6);
        int rejections = 0;
        for (Path file : files) {
            for (Corruption corruption : Corruption.values()) {
                if (corruption == Corruption.REMOVE
                        && file.getFileName().toString().equals("segments_3")) {
                    continue; // leaves an older commit, which is intact
                }
                Path copy = folder.resolve("copy");
                Files.createDirectory(copy);
                for (Path original : files) {
                    Files.copy(original, copy.resolve(original.getFileName()));
                }
                corruption.apply(copy.resolve(file.getFileName()), random);
                TestIndex corrupt = new TestIndex(copy);
                String what = corruption + " " + file.getFileName();
                try {
                    assertThat(corrupt.hits(1).stream().map(LuceneSinkTest::shown))
                            .as(what)
                            .isEqualTo(whole);
                    corrupt.check();
                } catch (ConnectorException e) {
                    rejections++;
                    assertThat(e.getMessage())
                            .as(what)
                            .contains("the index in " + copy + " is corrupt")
                            .containsAnyOf(". Remove the directory", "or a new directory")
                            .doesNotContain("\n", "Exception", "resource=");
                    assertThatThrownBy(corrupt::check)
                            .as(what)
                            .isInstanceOf(ConnectorException.class);
                }
                try (Stream<Path> all = Files.list(copy)) {
                    for (Path each : all.toList()) {
                        Files.delete(each);
                    }
                }
                Files.delete(copy);
            }
        }
        assertThat(rejections).isGreaterThan(12);
    }

    private static String shown(Hit hit) {
        return hit.id() + " " + hit.score() + " " + hit.text() + " " + hit.fields();
    }

    private enum Corruption {
        REMOVE,
        CLEAR,
        TRUNCATE,
        FLIP_BIT;

        void apply(Path file, Random random) throws Exception {
            byte[] bytes = Files.readAllBytes(file);
            switch (this) {
                case REMOVE -> Files.delete(file);
                case CLEAR -> Files.write(file, new byte[0]);
                case TRUNCATE -> Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
                case FLIP_BIT -> {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                    Files.write(file, bytes);
                }
            }
        }
    }

    @Test
    void rejectsIdsThatLuceneCannotStore() {
        TestIndex index = new TestIndex(folder.resolve("index"));
        PreparedSink prepared = index.prepare(TestIndex.MODEL);
        assertThat(prepared.rejection(upsert("x".repeat(32766), 1))).isNull();
        assertThat(prepared.rejection(upsert("ü".repeat(16383), 1))).isNull();
        assertThat(prepared.rejection(upsert("日本語🐟", 1))).isNull();
        assertThat(prepared.rejection(TestIndex.delete("x".repeat(32767), 1)))
                .isEqualTo(
                        "its id has 32767 bytes in UTF-8, but a Lucene index accepts at most"
                                + " 32766");
        assertThat(prepared.rejection(upsert("ü".repeat(16384), 1))).contains("32768 bytes");
        assertThat(prepared.rejection(upsert("a\uD83D", 1))).contains("surrogate");
        assertThat(prepared.rejection(upsert("\uDC1Fa", 1))).contains("surrogate");
    }

    @Test
    void storesTheLongestId() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        String id = "x".repeat(32766);
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert(id, 1), null);
            writer.write(upsert(id, 2), null);
            writer.snapshotState(1);
            writer.write(TestIndex.delete(id, 3), null);
            writer.write(upsert(id, 4), null);
            writer.snapshotState(2);
        }
        assertThat(index.idsWith(1)).containsExactly(id);
    }

    private static void assertRejected(TestIndex index, String part) {
        assertFails(index, part, index::check);
    }

    private static void assertFails(TestIndex index, String part, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(index.directory.toString())
                .hasMessageContaining(part)
                .hasMessageNotContaining("\n");
    }
}
