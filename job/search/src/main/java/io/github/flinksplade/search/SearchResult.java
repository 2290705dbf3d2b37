package io.github.flinksplade.search;

import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.EncodedText;
import java.util.List;

/**
 * The result of a search.
 *
 * @param query the vector of the query, before weights are multiplied by idf
 * @param hits best first
 */
public record SearchResult(EncodedText query, List<SearchIndex.Hit> hits) {

    /** The id of the document that a hit is, or of which it is a passage. */
    public static String document(SearchIndex.Hit hit) {
        return BestPassages.document(hit);
    }
}
