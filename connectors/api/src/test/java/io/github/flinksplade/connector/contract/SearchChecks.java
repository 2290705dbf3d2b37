package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
