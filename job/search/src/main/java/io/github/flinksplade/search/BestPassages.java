package io.github.flinksplade.search;

import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.SearchIndex;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** Groups the hits of an index with a vector per passage: of each document, the best passage. */
final class BestPassages {

    /** How many more hits are requested while too few of them are of different documents. */
    private static final int GROWTH = 4;

    private static final int MAX_HITS = 1_000_000;

    private BestPassages() {}

    /**
     * The best hits, best first.
     *
     * @param search returns the best hits, up to a number
     * @param passages whether several hits may be of the same document
     * @param k the max number of hits
     */
    static List<SearchIndex.Hit> of(
            IntFunction<List<SearchIndex.Hit>> search, boolean passages, int k) {
        if (passages) {
            return search.apply(k);
        }
        for (int max = k; ; max = Math.min(max * GROWTH, MAX_HITS)) {
            List<SearchIndex.Hit> hits = search.apply(max);
            Map<String, SearchIndex.Hit> best = new LinkedHashMap<>();
            hits.forEach(hit -> best.putIfAbsent(document(hit), hit));
            if (best.size() >= k || hits.size() < max || max == MAX_HITS) {
                return new ArrayList<>(best.values()).subList(0, Math.min(k, best.size()));
            }
        }
    }

    /** The id of the document that a hit is or belongs to. */
    static String document(SearchIndex.Hit hit) {
        String parent = Passages.parent(hit.id(), hit.fields());
        return parent == null ? hit.id() : parent;
    }
}
