package io.github.flinksplade.connector;

import io.github.flinksplade.vector.SparseVector;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/** Searches the vectors of a target. */
@PublicEvolving
public interface SearchIndex extends AutoCloseable {

    /** The provenance of the vectors of this index; queries must be encoded by the same model. */
    Provenance provenance();

    /**
     * The documents with the highest dot product of their vector with the query's, highest first;
     * equal scores in order of id. Only documents that share a term with the query, and match its
     * filter, are hits.
     *
     * @throws ConnectorException if the index is unreachable, or does not support idf or the filter
     */
    List<Hit> search(Query query);

    /** Whether the texts can be searched, too. */
    default boolean supportsText() {
        return false;
    }

    /**
     * The documents whose texts have the highest BM25 scores, highest first, as the engine computes
     * them. Their hits have no matched terms.
     *
     * @throws ConnectorException if the index is unreachable, or does not support this
     */
    default List<Hit> searchText(TextQuery query) {
        throw new ConnectorException(
                "this index does not support BM25. Search without hybrid ranking");
    }

    @Override
    void close();

    /**
     * A sparse query.
     *
     * @param vector the query's terms and weights
     * @param k the max number of hits, at least 1
     * @param idf whether each weight is multiplied by the term's inverse document frequency among
     *     the index's vectors, {@code ln(1 + (N - n + .5) / (n + .5))} for a term that n of N
     *     vectors have: the formula of Qdrant's modifier {@code idf}
     * @param filter the documents that may be hits
     * @param idsOnly whether only the ids and scores of hits are needed, for which an index may
     *     read less: then texts, fields and vectors may be null, and the matched terms empty. The
     *     fields of passages are always returned
     */
    record Query(SparseVector vector, int k, boolean idf, FieldFilter filter, boolean idsOnly) {

        /**
         * @throws IllegalArgumentException if k is below 1
         */
        public Query {
            requirePositive(k);
        }

        /** A query of all documents, whose hits are complete. */
        public Query(SparseVector vector, int k, boolean idf) {
            this(vector, k, idf, FieldFilter.NONE);
        }

        /** A query whose hits are complete. */
        public Query(SparseVector vector, int k, boolean idf, FieldFilter filter) {
            this(vector, k, idf, filter, false);
        }

        /**
         * The same query with its weights multiplied by idf.
         *
         * @param documents N: vectors in the index
         * @param frequencies n of each of the query's terms
         */
        public Query weighted(long documents, long[] frequencies) {
            float[] weighted = new float[vector.size()];
            for (int i = 0; i < weighted.length; i++) {
                weighted[i] = (float) (vector.values()[i] * idf(documents, frequencies[i]));
            }
            return new Query(
                    new SparseVector(vector.indices(), weighted), k, false, filter, idsOnly);
        }

        static double idf(long documents, long frequency) {
            return Math.log1p((documents - frequency + .5) / (frequency + .5));
        }

        /** The hit of a document for this query. */
        public Hit hit(String id, String text, String fields, SparseVector document) {
            int[] shared = new int[vector.size()];
            float[] parts = new float[vector.size()];
            int count = 0;
            for (int i = 0; i < shared.length; i++) {
                int at = Arrays.binarySearch(document.indices(), vector.indices()[i]);
                if (at >= 0) {
                    shared[count] = vector.indices()[i];
                    parts[count++] = vector.values()[i] * document.values()[at];
                }
            }
            int[] order = SparseVector.byWeight(parts, count);
            int[] matched = new int[count];
            float[] matchedParts = new float[count];
            for (int i = 0; i < count; i++) {
                matched[i] = shared[order[i]];
                matchedParts[i] = parts[order[i]];
            }
            return new Hit(id, vector.dot(document), text, fields, document, matched, matchedParts);
        }
    }

    private static void requirePositive(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1, not " + k);
        }
    }

    /**
     * A query for words in the texts.
     *
     * @param text the words
     * @param k the max number of hits, at least 1
     * @param filter the documents that may be hits
     */
    record TextQuery(String text, int k, FieldFilter filter) {

        /**
         * @throws IllegalArgumentException if k is below 1
         */
        public TextQuery {
            requirePositive(k);
        }

        /** The hit of a document for this query. */
        public Hit hit(String id, double score, String text, String fields, SparseVector document) {
            return new Hit(id, score, text, fields, document, new int[0], new float[0]);
        }
    }

    /**
     * A document that matches a query.
     *
     * @param id the document's id
     * @param score dot product of the two vectors; of a search in the texts, its BM25 score
     * @param text the text, or null if the index does not store it
     * @param fields the other fields as JSON text, or null if the index does not store them
     * @param vector the document's vector, or null if only ids were requested
     * @param matchedIndices indices of the terms that query and document share, largest
     *     contribution first
     * @param matchedParts the contribution of each of these terms to the score: query weight times
     *     document weight
     */
    record Hit(
            String id,
            double score,
            String text,
            String fields,
            SparseVector vector,
            int[] matchedIndices,
            float[] matchedParts) {

        /** The same hit with another score. */
        public Hit withScore(double other) {
            return new Hit(id, other, text, fields, vector, matchedIndices, matchedParts);
        }
    }
}
