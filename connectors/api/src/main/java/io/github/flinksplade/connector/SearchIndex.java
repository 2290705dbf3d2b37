package io.github.flinksplade.connector;

import java.util.Arrays;
import java.util.List;

/** Searches what a target holds. */
public interface SearchIndex extends AutoCloseable {

    /** What made the vectors of this index; queries must be encoded by the same. */
    Provenance provenance();

    /**
     * The documents with the highest dot product of their vector with the query's, highest first;
     * equal scores in order of id. Only documents that share a term with the query are hits.
     *
     * @throws ConnectorException when the index cannot be reached, or cannot weigh terms by idf
     */
    List<Hit> search(Query query);

    @Override
    void close();

    /**
     * A sparse query.
     *
     * @param indices ids of the query's terms, ascending
     * @param values weights of the query's terms, finite and above 0
     * @param k the most hits, at least 1
     * @param idf whether each weight is multiplied by the term's inverse document frequency among
     *     the index's vectors, {@code ln(1 + (N - n + .5) / (n + .5))} for a term that n of N
     *     vectors have: the formula of Qdrant's modifier {@code idf}
     */
    record Query(int[] indices, float[] values, int k, boolean idf) {

        /**
         * @throws IllegalArgumentException when it is none
         */
        public Query {
            if (k < 1) {
                throw new IllegalArgumentException("k must be at least 1, not " + k);
            }
            if (indices.length != values.length) {
                throw new IllegalArgumentException(
                        indices.length + " ids of terms, but " + values.length + " weights");
            }
            for (int i = 0; i < indices.length; i++) {
                if (indices[i] <= (i == 0 ? -1 : indices[i - 1])) {
                    throw new IllegalArgumentException(
                            "ids of terms must ascend: " + Arrays.toString(indices));
                }
                if (!(values[i] > 0 && values[i] < Float.POSITIVE_INFINITY)) {
                    throw new IllegalArgumentException(
                            "weights must be finite and above 0, not " + values[i]);
                }
            }
        }

        /**
         * The same query with its weights multiplied by idf, which it then no longer asks for.
         *
         * @param documents N: vectors in the index
         * @param frequencies n of each of the query's terms
         */
        public Query weighted(long documents, long[] frequencies) {
            float[] weighted = new float[values.length];
            for (int i = 0; i < weighted.length; i++) {
                weighted[i] = (float) (values[i] * idf(documents, frequencies[i]));
            }
            return new Query(indices, weighted, k, false);
        }

        static double idf(long documents, long frequency) {
            return Math.log1p((documents - frequency + .5) / (frequency + .5));
        }

        /**
         * The dot product with a vector: the sum, by ascending id and in doubles, of the products
         * of the floats (each exact in a double).
         */
        public double dot(int[] ids, float[] weights) {
            double sum = 0;
            for (int i = 0, at = 0; i < ids.length && at < indices.length; i++) {
                while (at < indices.length && indices[at] < ids[i]) {
                    at++;
                }
                if (at < indices.length && indices[at] == ids[i]) {
                    sum += (double) values[at] * weights[i];
                }
            }
            return sum;
        }

        /**
         * A document as a hit of this query.
         *
         * @param ids ids of the document's terms, ascending
         * @param weights the document's weights
         */
        public Hit hit(String id, String text, String fields, int[] ids, float[] weights) {
            long[] largestFirst = new long[indices.length];
            int count = 0;
            for (int i = 0; i < indices.length; i++) {
                int at = Arrays.binarySearch(ids, indices[i]);
                if (at >= 0) {
                    // the bits of floats that are not negative are in the order of their values
                    int bits = Float.floatToIntBits(values[i] * weights[at]);
                    largestFirst[count++] = (long) (Integer.MAX_VALUE - bits) << 32 | i;
                }
            }
            Arrays.sort(largestFirst, 0, count);
            int[] matched = new int[count];
            float[] parts = new float[count];
            for (int i = 0; i < count; i++) {
                matched[i] = indices[(int) largestFirst[i]];
                parts[i] = Float.intBitsToFloat(Integer.MAX_VALUE - (int) (largestFirst[i] >> 32));
            }
            return new Hit(id, dot(ids, weights), text, fields, matched, parts);
        }
    }

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
