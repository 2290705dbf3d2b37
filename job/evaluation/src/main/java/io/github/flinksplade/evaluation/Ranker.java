package io.github.flinksplade.evaluation;

import java.util.Collection;
import java.util.List;

/** Ranks documents for queries. Safe for use by multiple threads. */
public interface Ranker extends AutoCloseable {

    /** The name in reports, and the tag of the run. */
    String name();

    /** The k best documents, best first; fewer if fewer match. */
    Ranking rank(String query, int k);

    /**
     * The terms of these queries and of all documents.
     *
     * @return null if the documents' terms are not accessible
     */
    TermStatistics termStatistics(Collection<String> queries);

    @Override
    void close();

    /**
     * A ranking and the time that it took.
     *
     * @param encodeNanos the time to encode the query by a model; 0 without a model
     * @param searchNanos the remaining time
     */
    record Ranking(List<ScoredDocument> documents, long encodeNanos, long searchNanos) {}
}
