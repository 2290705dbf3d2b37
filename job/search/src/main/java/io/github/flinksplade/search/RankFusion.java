package io.github.flinksplade.search;

import io.github.flinksplade.connector.SearchIndex.Hit;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reciprocal rank fusion (Cormack, Clarke, Buettcher: "Reciprocal Rank Fusion outperforms Condorcet
 * and individual Rank Learning Methods", SIGIR 2009): the score of a document is the sum, over the
 * rankings that contain it, of 1 / (60 + rank), with ranks from 1.
 */
final class RankFusion {

    private static final int RANK_CONSTANT = 60;

    private RankFusion() {}

    /**
     * Fuses rankings.
     *
     * @param rankings best first, with each passage at most once, or each document at most once; a
     *     hit is taken from the first ranking that contains it
     * @param passages whether passages are ranked, not documents
     * @param k the max number of hits
     * @return best first, equal scores ordered by id
     */
    static List<Hit> fuse(List<List<Hit>> rankings, boolean passages, int k) {
        Map<String, Hit> hits = new LinkedHashMap<>();
        Map<String, Double> scores = new LinkedHashMap<>();
        for (List<Hit> ranking : rankings) {
            for (int i = 0; i < ranking.size(); i++) {
                Hit hit = ranking.get(i);
                String id = passages ? hit.id() : BestPassages.document(hit);
                hits.putIfAbsent(id, hit);
                scores.merge(id, 1.0 / (RANK_CONSTANT + i + 1), Double::sum);
            }
        }
        return hits.entrySet().stream()
                .map(hit -> hit.getValue().withScore(scores.get(hit.getKey())))
                .sorted(Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id))
                .limit(k)
                .toList();
    }
}
