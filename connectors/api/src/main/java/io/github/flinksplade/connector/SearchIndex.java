package io.github.flinksplade.connector;

import java.util.List;

/** Searches what a target holds. */
public interface SearchIndex extends AutoCloseable {

    /** What made the vectors of this index; queries must be encoded by the same. */
    Provenance provenance();

    /**
     * The documents with the highest dot product of their vector with the query's, highest first;
     * equal scores in order of id. Only documents that share a term with the query are hits.
     *
     * @param indices ids of the query's terms, ascending
     * @param values weights of the query's terms
     * @param k the most hits, at least 1
     */
    List<Hit> search(int[] indices, float[] values, int k);

    @Override
    void close();

    /**
     * One document found.
     *
     * @param id the document's id
     * @param score dot product of the two vectors
     * @param text the text, or null when the index does not store it
     * @param fields the other fields as JSON text, or null when the index does not store them
     * @param matchedIndices ids of the terms that query and document share, largest part first
     * @param matchedParts each such term's part of the score: query weight times document weight
     */
    record Hit(
            String id,
            double score,
            String text,
            String fields,
            int[] matchedIndices,
            float[] matchedParts) {}
}
