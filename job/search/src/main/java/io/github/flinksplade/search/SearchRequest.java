package io.github.flinksplade.search;

import io.github.flinksplade.connector.FieldFilter;

/**
 * A search.
 *
 * @param query the text
 * @param k the max number of hits, at least 1
 * @param idf whether each weight is multiplied by the inverse document frequency of its term
 * @param passages whether several passages of a document are hits; if not, its best one is
 * @param hybrid whether the ranking is fused with the one by BM25 of the index's engine
 * @param filter the documents that may be hits
 * @param idsOnly whether only the ids and scores of hits are needed, see {@link
 *     io.github.flinksplade.connector.SearchIndex.Query#idsOnly}
 */
public record SearchRequest(
        String query,
        int k,
        boolean idf,
        boolean passages,
        boolean hybrid,
        FieldFilter filter,
        boolean idsOnly) {

    /** A search whose hits are complete. */
    public SearchRequest(
            String query,
            int k,
            boolean idf,
            boolean passages,
            boolean hybrid,
            FieldFilter filter) {
        this(query, k, idf, passages, hybrid, filter, false);
    }

    /** The same search for another query. */
    public SearchRequest withQuery(String other) {
        return new SearchRequest(other, k, idf, passages, hybrid, filter, idsOnly);
    }

    /** A search in all documents by the vectors alone, with one hit per document. */
    public SearchRequest(String query, int k) {
        this(query, k, false, false, false, FieldFilter.NONE);
    }
}
