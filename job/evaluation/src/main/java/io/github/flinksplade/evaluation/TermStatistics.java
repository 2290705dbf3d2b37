package io.github.flinksplade.evaluation;

import java.util.HashMap;
import java.util.Map;

/**
 * How many terms queries and documents have.
 *
 * @param queryTerms the mean number of terms of a query
 * @param documentTerms the mean number of terms of a document
 * @param flops the expected number of multiplications for one query and one document: the sum over
 *     all terms of the fraction of queries with the term times the fraction of documents with it
 *     (Paria et al.: "Minimizing FLOPs to Learn Efficient Sparse Representations", ICLR 2020)
 */
public record TermStatistics(double queryTerms, double documentTerms, double flops) {

    /** Counts how many texts have each term. */
    static final class Counter<T> {

        private final Map<T, Long> frequencies = new HashMap<>();
        private long texts;
        private long terms;

        /** Adds a text with its distinct terms. */
        void add(Iterable<T> distinctTerms) {
            texts++;
            for (T term : distinctTerms) {
                add(term, 1);
            }
        }

        /** Adds a term that a number of texts have. */
        void add(T term, long frequency) {
            frequencies.merge(term, frequency, Long::sum);
            terms += frequency;
        }

        /** Sets the number of texts whose terms were added with their frequencies. */
        void setTexts(long count) {
            texts = count;
        }

        private double mean() {
            return texts == 0 ? 0 : (double) terms / texts;
        }
    }

    static <T> TermStatistics of(Counter<T> queries, Counter<T> documents) {
        double flops = 0;
        for (Map.Entry<T, Long> query : queries.frequencies.entrySet()) {
            long frequency = documents.frequencies.getOrDefault(query.getKey(), 0L);
            if (frequency > 0) {
                flops += (double) query.getValue() / queries.texts * frequency / documents.texts;
            }
        }
        return new TermStatistics(queries.mean(), documents.mean(), flops);
    }
}
