package io.github.flinksplade.connector.lucene;

import static io.github.flinksplade.connector.lucene.TestIndex.delete;
import static io.github.flinksplade.connector.lucene.TestIndex.upsert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.connector.SearchIndex.TextQuery;
import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.lucene.document.FeatureField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LuceneIndexTest {

    @TempDir Path folder;
    private TestIndex index;

    @BeforeEach
    void name() {
        index = new TestIndex(folder.resolve("index"));
    }

    record Vector(int[] indices, float[] values) {}

    record Score(String id, double score) {}

    @Test
    void findsTheSameHitsAsBruteForce() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("findsTheSameHitsAsBruteForce: seed " + seed);
        Random random = new Random(seed);
        Map<String, Vector> corpus = new TreeMap<>();
        long version = 0;
        try (LuceneWriter writer = index.open()) {
            for (int i = 0; i < 2000; i++) {
                String id = "d" + random.nextInt(1500);
                version++;
                if (random.nextInt(10) == 0) {
                    writer.write(delete(id, version), null);
                    corpus.remove(id);
                } else {
                    Vector vector = vector(random, random.nextInt(60), 900);
                    writer.write(upsert(id, version, vector.indices, vector.values), null);
                    corpus.put(id, vector);
                }
                if (i % 400 == 0) {
                    writer.snapshotState(i);
                }
            }
            writer.snapshotState(5000);
        }
        try (SearchIndex search = index.search()) {
            for (int i = 0; i < 15; i++) {
                Vector query = vector(random, 1 + random.nextInt(40), 1000);
                for (int k : new int[] {1, 3, 10, 200, 100_000}) {
                    assertSame(search, corpus, query, k);
                }
            }
        }
    }

    /**
     * Segments of several windows and blocks of postings, of which searches skip most; frequent and
     * rare terms; many equal scores.
     */
    @Test
    void skipsOnlyDocumentsThatAreNoHits() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("skipsOnlyDocumentsThatAreNoHits: seed " + seed);
        Random random = new Random(seed);
        float[] few = {0.25f, 0.5f, 1f, 1.5f, 3f};
        Map<String, Vector> corpus = new TreeMap<>();
        try (LuceneWriter writer = index.open()) {
            for (int i = 0; i < 20_000; i++) {
                Vector vector = vector(random, 1 + random.nextInt(25), 600);
                boolean hasEqualWeights = random.nextBoolean();
                for (int j = 0; j < vector.values.length && hasEqualWeights; j++) {
                    vector.values[j] = few[random.nextInt(few.length)];
                }
                String id = "d" + (i * 7919) % 20_011;
                writer.write(upsert(id, 1, vector.indices, vector.values), null);
                corpus.put(id, vector);
                if (i == 13_000 || i > 13_000 && i % 1500 == 0) {
                    writer.snapshotState(i);
                }
            }
            for (int i = 0; i < 20_011; i += 1 + random.nextInt(10)) {
                writer.write(delete("d" + i, 2), null);
                corpus.remove("d" + i);
            }
            writer.snapshotState(30_000);
        }
        try (SearchIndex search = index.search()) {
            for (int i = 0; i < 12; i++) {
                Vector query = vector(random, 1 + random.nextInt(30), 700);
                for (int j = 0; j < query.values.length && i % 2 == 0; j++) {
                    query.values[j] = few[random.nextInt(few.length)];
                }
                for (int k : new int[] {1, 10, 100, 1000}) {
                    assertSame(search, corpus, query, k);
                }
            }
            assertSame(search, corpus, vector(random, 20, 600), 100_000);
        }
    }

    /** Weights that are equal in 9 bits, and many that are equal. */
    @Test
    void distinguishesWeightsThatFeaturesCannot() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("distinguishesWeightsThatFeaturesCannot: seed " + seed);
        Random random = new Random(seed);
        Map<String, Vector> corpus = new TreeMap<>();
        try (LuceneWriter writer = index.open()) {
            for (int i = 0; i < 3000; i++) {
                // Scores differ by less than 2^-8; every tenth has an equal one.
                float near = 1f + (i % 10 == 0 ? 512 : random.nextInt(1 << 10)) * 0x1p-18f;
                float truncated = 1f + random.nextInt(3) * 0x1p-8f;
                Vector vector =
                        new Vector(new int[] {3, 5, 9}, new float[] {near, truncated, 0.1f});
                String id = String.format("d%04d", (i * 1237) % 3000);
                writer.write(upsert(id, 1, vector.indices, vector.values), null);
                corpus.put(id, vector);
                if (i % 1000 == 999) {
                    writer.snapshotState(i);
                }
            }
        }
        try (SearchIndex search = index.search()) {
            for (int k : new int[] {1, 2, 5, 50, 999, 3000, 3001}) {
                assertSame(search, corpus, new Vector(new int[] {3}, new float[] {1f}), k);
                assertSame(search, corpus, new Vector(new int[] {3, 5}, new float[] {1f, 1f}), k);
                assertSame(
                        search,
                        corpus,
                        new Vector(new int[] {3, 5, 7}, new float[] {0.37f, 1e-3f, 64f}),
                        k);
            }
        }
    }

    @Test
    void supportsDocumentsAndQueriesOfTheWholeVocabulary() throws Exception {
        Random random = new Random(30522);
        Map<String, Vector> corpus = new TreeMap<>();
        int[] all = IntStream.range(0, 30522).toArray();
        try (LuceneWriter writer = index.open()) {
            for (int i = 0; i < 4; i++) {
                corpus.put("whole" + i, new Vector(all, weights(random, all.length)));
            }
            corpus.put("small", new Vector(new int[] {30521}, new float[] {2f}));
            corpus.put("empty", new Vector(new int[0], new float[0]));
            for (Map.Entry<String, Vector> document : corpus.entrySet()) {
                Vector vector = document.getValue();
                writer.write(upsert(document.getKey(), 1, vector.indices, vector.values), null);
            }
            writer.snapshotState(1);
        }
        try (SearchIndex search = index.search()) {
            Vector query = new Vector(all, weights(random, all.length));
            assertSame(search, corpus, query, 1);
            assertSame(search, corpus, query, 10);
            Hit hit =
                    search.search(
                                    new SearchIndex.Query(
                                            new SparseVector(all, query.values), 1, false))
                            .get(0);
            assertThat(hit.matchedIndices()).hasSize(30522);
            assertThat(search.search(new SearchIndex.Query(SparseVector.EMPTY, 3, false)))
                    .isEmpty();
        }
    }

    /** The vocabulary of XLM-R, and the largest and smallest float weights. */
    @Test
    void supportsLargeVocabulariesAndExtremeWeights() throws Exception {
        int[] all = IntStream.range(0, 250_002).toArray();
        float[] large = new float[all.length];
        Arrays.fill(large, Float.MAX_VALUE);
        int[] ends = {0, 32767, 32768, 65536, 250_001};
        float[] tiny = {Float.MIN_VALUE, 1e-40f, Float.MIN_NORMAL, 1e-30f, Float.MAX_VALUE};
        Map<String, Vector> corpus =
                Map.of(
                        "large", new Vector(all, large),
                        "tiny", new Vector(ends, tiny),
                        "tinier", new Vector(new int[] {0}, new float[] {Float.MIN_VALUE}));
        try (LuceneWriter writer = index.open()) {
            corpus.forEach(
                    (id, vector) ->
                            writer.write(upsert(id, 1, vector.indices, vector.values), null));
            writer.snapshotState(1);
        }
        try (SearchIndex search = index.search()) {
            for (float weight : new float[] {1f, Float.MIN_VALUE, Float.MAX_VALUE, 1000f}) {
                for (int term : ends) {
                    Vector query = new Vector(new int[] {term}, new float[] {weight});
                    assertSame(search, corpus, query, 1);
                    assertSame(search, corpus, query, 10);
                }
                float[] weights = new float[ends.length];
                Arrays.fill(weights, weight);
                assertSame(search, corpus, new Vector(ends, weights), 2);
            }
        }
    }

    private static void assertSame(
            SearchIndex search, Map<String, Vector> corpus, Vector query, int k) {
        List<Hit> hits =
                search.search(
                        new SearchIndex.Query(
                                new SparseVector(query.indices, query.values), k, false));
        assertThat(hits.stream().map(hit -> new Score(hit.id(), hit.score())))
                .isEqualTo(bruteForce(corpus, query, k));
        for (Hit hit : hits) {
            Vector vector = corpus.get(hit.id());
            Map<Integer, Float> parts = new TreeMap<>();
            for (int i = 0; i < hit.matchedIndices().length; i++) {
                parts.put(hit.matchedIndices()[i], hit.matchedParts()[i]);
                assertThat(hit.matchedParts()[i])
                        .isLessThanOrEqualTo(hit.matchedParts()[Math.max(0, i - 1)]);
            }
            Map<Integer, Float> expected = new TreeMap<>();
            for (int i = 0; i < query.indices.length; i++) {
                int at = Arrays.binarySearch(vector.indices, query.indices[i]);
                if (at >= 0) {
                    expected.put(query.indices[i], query.values[i] * vector.values[at]);
                }
            }
            assertThat(parts).isEqualTo(expected);
        }
    }

    private static List<Score> bruteForce(Map<String, Vector> corpus, Vector query, int k) {
        List<Score> scores = new ArrayList<>();
        corpus.forEach(
                (id, vector) -> {
                    double score = 0;
                    boolean shares = false;
                    for (int i = 0; i < query.indices.length; i++) {
                        int at = Arrays.binarySearch(vector.indices, query.indices[i]);
                        if (at >= 0) {
                            shares = true;
                            score += (double) vector.values[at] * query.values[i];
                        }
                    }
                    if (shares) {
                        scores.add(new Score(id, score));
                    }
                });
        scores.sort(Comparator.comparingDouble(Score::score).reversed().thenComparing(Score::id));
        return scores.subList(0, Math.min(k, scores.size()));
    }

    private static Vector vector(Random random, int terms, int vocabulary) {
        TreeSet<Integer> chosen = new TreeSet<>();
        for (int i = 0; i < terms; i++) {
            double uniform = random.nextDouble();
            chosen.add((int) (uniform * uniform * vocabulary));
        }
        return new Vector(
                chosen.stream().mapToInt(Integer::intValue).toArray(),
                weights(random, chosen.size()));
    }

    private static float[] weights(Random random, int count) {
        float[] weights = new float[count];
        for (int i = 0; i < count; i++) {
            weights[i] = (float) Math.exp(random.nextGaussian() - 1);
        }
        return weights;
    }

    @Test
    void rejectsAnIndexWithOtherWords() {
        new TestIndex(index.directory, "?bm25=english").check();
        assertThatThrownBy(() -> new TestIndex(index.directory).check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("created with bm25=english, but the URI has bm25=none")
                .hasMessageContaining("Write bm25=english, or index the documents again");
    }

    @Test
    void ranksWordsAsTheIndexWasCreated() throws Exception {
        TestIndex english = new TestIndex(index.directory, "?bm25=english");
        TestIndex standard = new TestIndex(folder.resolve("standard"), "?bm25=standard");
        for (TestIndex one : List.of(english, standard)) {
            try (LuceneWriter writer = one.open()) {
                writer.write(upsert("a", 1, "the runners", new int[] {1}, new float[] {1}), null);
                writer.write(upsert("b", 1, "running", new int[] {1}, new float[] {1}), null);
                writer.write(upsert("b", 2, "a runner", new int[] {1}, new float[] {1}), null);
                writer.snapshotState(1);
            }
        }
        // the URI of a search has no option
        try (SearchIndex stems = new TestIndex(english.directory).search();
                SearchIndex words = new TestIndex(standard.directory).search()) {
            TextQuery query = new TextQuery("Runner the", 10, FieldFilter.NONE);
            assertThat(stems.searchText(query)).extracting(Hit::id).containsOnly("a", "b");
            assertThat(words.searchText(query)).extracting(Hit::id).containsOnly("a", "b");
            TextQuery stem = new TextQuery("runner", 10, FieldFilter.NONE);
            assertThat(stems.searchText(stem)).hasSize(2);
            assertThat(words.searchText(stem)).extracting(Hit::id).containsExactly("b");
            TextQuery stop = new TextQuery("the", 10, FieldFilter.NONE);
            assertThat(stems.searchText(stop)).isEmpty();
            assertThat(words.searchText(stop)).extracting(Hit::id).containsExactly("a");
            TextQuery old = new TextQuery("running", 10, FieldFilter.NONE);
            assertThat(words.searchText(old)).isEmpty();
        }
    }

    /** As the package description promises. */
    @Test
    void isReadableWithLucenesOwnQueries() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1, new int[] {2040}, new float[] {1.5f}), null);
            writer.write(upsert("b", 1, new int[] {2040}, new float[] {2.5f}), null);
            writer.write(delete("c", 1), null);
            writer.snapshotState(1);
        }
        try (FSDirectory directory = FSDirectory.open(index.directory);
                DirectoryReader reader = DirectoryReader.open(directory)) {
            IndexSearcher searcher = new IndexSearcher(reader);
            TopDocs top = searcher.search(FeatureField.newLinearQuery("vector", "2040", 1f), 10);
            assertThat(top.scoreDocs).hasSize(2);
            assertThat(top.scoreDocs[0].score).isCloseTo(2.5f, within(0.01f));
            var best = searcher.storedFields().document(top.scoreDocs[0].doc);
            assertThat(best.get("id")).isEqualTo("b");
            assertThat(best.get("tokens")).isEqualTo("7");
            assertThat(best.get("truncated")).isEqualTo("1");
        }
    }

    @Test
    void rejectsInvalidQueries() {
        index.check();
        try (SearchIndex search = index.search()) {
            assertThatThrownBy(
                            () ->
                                    search.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {1}, new float[] {1}),
                                                    0,
                                                    false)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(
                            () ->
                                    search.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {1, 1}, new float[] {1, 1}),
                                                    1,
                                                    false)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(
                            () ->
                                    search.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {1}, new float[] {1, 1}),
                                                    1,
                                                    false)))
                    .isInstanceOf(IllegalArgumentException.class);
            for (float bad : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
                assertThatThrownBy(
                                () ->
                                        search.search(
                                                new SearchIndex.Query(
                                                        new SparseVector(
                                                                new int[] {1}, new float[] {bad}),
                                                        1,
                                                        false)))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    /** Searches see complete commits only, each at least as new as the previous one. */
    @Test
    void isSearchableWhileItIsWritten() throws Exception {
        int commits = 30;
        int documents = 50;
        AtomicInteger committed = new AtomicInteger();
        ExecutorService searchers = Executors.newFixedThreadPool(3);
        try (LuceneWriter writer = index.open();
                SearchIndex shared = index.search()) {
            List<Future<Integer>> seen = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                seen.add(
                        searchers.submit(
                                () -> {
                                    int searches = 0;
                                    int last = 0;
                                    while (last < commits) {
                                        int before = committed.get();
                                        List<Hit> hits =
                                                shared.search(
                                                        new SearchIndex.Query(
                                                                new SparseVector(
                                                                        new int[] {1},
                                                                        new float[] {1}),
                                                                100_000,
                                                                false));
                                        TreeSet<Integer> versions = new TreeSet<>();
                                        for (Hit hit : hits) {
                                            versions.add((int) hit.score());
                                        }
                                        // Each commit rewrites all documents with its number.
                                        assertThat(versions.size()).isLessThanOrEqualTo(1);
                                        int now = versions.isEmpty() ? 0 : versions.first();
                                        assertThat(hits).hasSize(now == 0 ? 0 : documents);
                                        assertThat(now)
                                                .isGreaterThanOrEqualTo(Math.max(last, before));
                                        last = now;
                                        searches++;
                                    }
                                    return searches;
                                }));
            }
            for (int commit = 1; commit <= commits; commit++) {
                for (int i = 0; i < documents; i++) {
                    writer.write(
                            upsert("d" + i, commit, new int[] {1}, new float[] {commit}), null);
                }
                writer.snapshotState(commit);
                committed.set(commit);
            }
            for (Future<Integer> each : seen) {
                assertThat(each.get(60, TimeUnit.SECONDS)).isPositive();
            }
        } finally {
            searchers.shutdownNow();
        }
    }

    @Test
    void detectsThatAnotherIndexReplacedIt() throws Exception {
        try (LuceneWriter writer = index.open()) {
            writer.write(upsert("a", 1), null);
            writer.snapshotState(1);
        }
        try (SearchIndex search = index.search()) {
            assertThat(
                            search.search(
                                    new SearchIndex.Query(
                                            new SparseVector(new int[] {1}, new float[] {1}),
                                            9,
                                            false)))
                    .hasSize(1);
            removeIndex();
            assertThatThrownBy(
                            () ->
                                    search.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {1}, new float[] {1}),
                                                    9,
                                                    false)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining(index.directory.toString());
            try (LuceneWriter writer = index.open()) {
                writer.write(upsert("b", 1), null);
                writer.write(upsert("c", 1), null);
                writer.snapshotState(1);
            }
            assertThat(
                            search.search(
                                    new SearchIndex.Query(
                                            new SparseVector(new int[] {1}, new float[] {1}),
                                            9,
                                            false)))
                    .extracting(Hit::id)
                    .containsExactly("b", "c");
            removeIndex();
            index.check(new Provenance("model-b", "bb", "tt", "fp32", "none", 128));
            assertThatThrownBy(
                            () ->
                                    search.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {1}, new float[] {1}),
                                                    9,
                                                    false)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("model-b")
                    .hasMessageContaining("model-a");
        }
    }

    private void removeIndex() throws Exception {
        try (Stream<Path> files = Files.list(index.directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(index.directory);
    }
}
