package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/** Compares searches with the dot products of all documents. */
final class SearchChecks {

    private SearchChecks() {}

    static void check(SinkUnderTest sink, ConnectorUri uri, boolean idf) throws Exception {
        Random random = new Random(7);
        List<VectorRecord> documents = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            TreeMap<Integer, Float> terms = new TreeMap<>();
            for (int t = 0; t < 30; t++) {
                // the square makes some terms common and some rare
                terms.put((int) (400 * Math.pow(random.nextDouble(), 2)), 3 * random.nextFloat());
            }
            terms.values().removeIf(weight -> weight <= 0);
            documents.add(Corpus.upsert("doc " + i, 1, "{\"n\":" + i + "}", terms));
        }
        write(uri, documents.toArray(VectorRecord[]::new));
        sink.stored(uri); // waits until all documents can be read
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assertThat(index.provenance()).isEqualTo(Corpus.PROVENANCE);
            for (int q = 0; q < 20; q++) {
                TreeMap<Integer, Float> terms = new TreeMap<>();
                for (int t = 0; t < 1 + q; t++) {
                    terms.put(random.nextInt(420), 0.1f + random.nextFloat());
                }
                VectorRecord query = Corpus.upsert("query", 1, "{}", terms);
                assertHits(sink, index, new SearchIndex.Query(query.vector(), 10, idf), documents);
            }
        }
    }

    /** Compares filtered searches with {@link FieldFilter#matches}. */
    static void checkFilters(SinkUnderTest sink, ConnectorUri uri) throws Exception {
        Random random = new Random(11);
        List<VectorRecord> documents = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            TreeMap<Integer, Float> terms = new TreeMap<>();
            for (int t = 0; t < 10; t++) {
                terms.put(random.nextInt(40), 0.1f + random.nextFloat());
            }
            documents.add(Corpus.upsert("doc " + i, 1, fields(i), terms));
        }
        write(uri, documents.toArray(VectorRecord[]::new));
        sink.stored(uri); // waits until all documents can be read
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            for (FieldFilter filter : filters()) {
                List<VectorRecord> matching = new ArrayList<>();
                for (VectorRecord document : documents) {
                    if (filter.matches(ContractSupport.json(document.fields()))) {
                        matching.add(document);
                    }
                }
                SparseVector query =
                        new SparseVector(new int[] {3, 5, 8, 13}, new float[] {1, .5f, .7f, .3f});
                for (int k : new int[] {3, 300}) {
                    assertHits(
                            sink, index, new SearchIndex.Query(query, k, false, filter), matching);
                }
            }
            FieldFilter tooLong =
                    new FieldFilter(Map.of("ward", Set.of("x".repeat(FieldTerms.MAX_LENGTH))));
            SparseVector query = new SparseVector(new int[] {3}, new float[] {1});
            ContractSupport.assertOneSentence(
                    () -> index.search(new SearchIndex.Query(query, 1, false, tooLong)));
        }
    }

    private static String fields(int i) {
        return """
        {"ward": "B%d", "floor": %d, "open": %b, "price": %d.5, "none": null,
         "tags": ["t%d", "with space, and comma", %d], "book": {"by": [{"name": "Ann %d"}]},
         "a.b": "%d", "quote \\"": "é\\"%d", "x=y": %d}"""
                .formatted(
                        i % 3, i % 5, i % 2 == 0, i % 4, i % 6, i % 7, i % 3, i % 4, i % 3, i % 2);
    }

    private static List<FieldFilter> filters() {
        return List.of(
                FieldFilter.NONE,
                new FieldFilter(Map.of("ward", Set.of("B1"))),
                new FieldFilter(Map.of("ward", Set.of("b1"))),
                new FieldFilter(Map.of("ward", Set.of("B1", "B2", "B9"))),
                new FieldFilter(Map.of("floor", Set.of("3"))),
                new FieldFilter(Map.of("floor", Set.of("3.0"))),
                new FieldFilter(Map.of("open", Set.of("true"))),
                new FieldFilter(Map.of("price", Set.of("2.5"))),
                new FieldFilter(Map.of("none", Set.of("null"))),
                new FieldFilter(Map.of("tags", Set.of("t4", "6"))),
                new FieldFilter(
                        Map.of("tags", Set.of("with space, and comma"), "ward", Set.of("B0"))),
                new FieldFilter(Map.of("book.by.name", Set.of("Ann 2"))),
                new FieldFilter(Map.of("book.by", Set.of("Ann 2"))),
                new FieldFilter(Map.of("a.b", Set.of("1"), "floor", Set.of("1", "2"))),
                new FieldFilter(Map.of("quote \"", Set.of("é\"1"))),
                new FieldFilter(Map.of("x=y", Set.of("1"))),
                new FieldFilter(Map.of("x", Set.of("y=1"))),
                new FieldFilter(Map.of("missing", Set.of(""))));
    }

    /** Searches words of texts. */
    static void checkTexts(SinkUnderTest sink, ConnectorUri uri) throws Exception {
        List<VectorRecord> documents = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            documents.add(
                    text(
                            i,
                            "a common sentence with number n"
                                    + i
                                    + (i == 17 ? " and zebrafish" : "")
                                    + (i % 20 == 3 ? " Okapi" : "")));
        }
        write(uri, documents.toArray(VectorRecord[]::new));
        sink.stored(uri); // waits until all documents can be read
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assertThat(index.supportsText()).isTrue();
            List<SearchIndex.Hit> hits = texts(index, "common zebrafish", 10, FieldFilter.NONE);
            assertThat(hits).hasSize(10);
            assertThat(hits.get(0).id()).isEqualTo("doc 17");
            assertThat(hits.get(0).score()).isGreaterThan(hits.get(1).score());
            assertThat(hits.get(0).matchedIndices()).isEmpty();
            assertThat(hits.get(0).text()).isEqualTo(documents.get(17).text());
            assertThat(hits.get(0).vector()).isEqualTo(documents.get(17).vector());
            assertThat(ids(texts(index, "okapi", 10, FieldFilter.NONE)))
                    .containsExactlyInAnyOrder("doc 3", "doc 23", "doc 43");
            FieldFilter even = new FieldFilter(Map.of("parity", Set.of("even")));
            FieldFilter odd = new FieldFilter(Map.of("parity", Set.of("odd")));
            assertThat(texts(index, "zebrafish", 10, even)).isEmpty();
            assertThat(ids(texts(index, "zebrafish", 10, odd))).containsExactly("doc 17");
            assertThat(texts(index, "common", 1000, even)).hasSize(30);
            for (String unusual :
                    List.of(
                            "",
                            " ",
                            "-zebrafish",
                            "NOT zebrafish",
                            "text:zebrafish",
                            "\"n1 (*",
                            "~")) {
                texts(index, unusual, 3, FieldFilter.NONE); // words, and no syntax
            }
            assertThat(ids(texts(index, "NOT zebrafish!", 3, FieldFilter.NONE))).contains("doc 17");
            assertThat(texts(index, "unicorn", 3, FieldFilter.NONE)).isEmpty();
        }
    }

    private static VectorRecord text(int i, String text) {
        VectorRecord record =
                Corpus.upsert(
                        "doc " + i,
                        1,
                        "{\"parity\":\"" + (i % 2 == 0 ? "even" : "odd") + "\"}",
                        new TreeMap<>(Map.of(7, 1f + i)));
        return new VectorRecord(
                record.id(),
                record.operation(),
                record.version(),
                text,
                record.fields(),
                record.vector(),
                record.tokens(),
                record.truncated(),
                record.origin());
    }

    private static List<SearchIndex.Hit> texts(
            SearchIndex index, String text, int k, FieldFilter filter) {
        return index.searchText(new SearchIndex.TextQuery(text, k, filter));
    }

    private static List<String> ids(List<SearchIndex.Hit> hits) {
        return hits.stream().map(SearchIndex.Hit::id).toList();
    }

    /** Asserts that a search for a term finds exactly a corpus, with its texts and fields. */
    static void assertFound(ConnectorUri uri, int term, Corpus corpus) throws Exception {
        SparseVector query = new SparseVector(new int[] {term}, new float[] {1});
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            Map<String, SearchIndex.Hit> hits = new TreeMap<>();
            for (SearchIndex.Hit hit : index.search(new SearchIndex.Query(query, 50, false))) {
                assertThat(hits.put(hit.id(), hit)).as("a second hit").isNull();
            }
            assertThat(hits.keySet()).isEqualTo(corpus.documents().keySet());
            for (VectorRecord record : corpus.documents().values()) {
                SearchIndex.Hit hit = hits.get(record.id());
                assertThat(hit.text()).isEqualTo(record.text());
                assertThat(ContractSupport.json(hit.fields()))
                        .as("fields of " + record.id())
                        .isEqualTo(ContractSupport.json(record.fields()));
            }
        }
    }

    private static void assertHits(
            SinkUnderTest sink,
            SearchIndex index,
            SearchIndex.Query query,
            List<VectorRecord> documents) {
        SearchIndex.Query weighted = query;
        if (query.idf()) {
            long[] frequencies = new long[query.vector().indices().length];
            for (int i = 0; i < frequencies.length; i++) {
                int term = query.vector().indices()[i];
                frequencies[i] =
                        documents.stream()
                                .filter(d -> Arrays.binarySearch(d.vector().indices(), term) >= 0)
                                .count();
            }
            weighted = query.weighted(documents.size(), frequencies);
        }
        Map<String, Double> scores = new TreeMap<>();
        for (VectorRecord document : documents) {
            double score = weighted.vector().dot(document.vector());
            if (score > 0) {
                scores.put(document.id(), score);
            }
        }
        List<String> best =
                scores.keySet().stream()
                        .sorted(Comparator.comparing((String id) -> -scores.get(id)))
                        .limit(query.k())
                        .toList();
        List<SearchIndex.Hit> hits = index.search(query);
        SearchIndex.Query idsOnly =
                new SearchIndex.Query(query.vector(), query.k(), query.idf(), query.filter(), true);
        assertThat(index.search(idsOnly).stream().map(hit -> hit.id() + " " + hit.score()))
                .containsExactlyElementsOf(
                        hits.stream().map(hit -> hit.id() + " " + hit.score()).toList());
        assertThat(hits.stream().map(SearchIndex.Hit::id)).containsExactlyElementsOf(best);
        for (SearchIndex.Hit hit : hits) {
            double score = scores.get(hit.id());
            assertThat(hit.score()).isCloseTo(score, within(score * sink.scoreTolerance()));
            double sum = 0;
            for (float part : hit.matchedParts()) {
                sum += part;
            }
            assertThat(sum).isCloseTo(score, within(score * 1e-4));
        }
    }
}
