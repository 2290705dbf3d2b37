package io.github.flinksplade.connector.lucene;

import java.io.IOException;
import org.apache.lucene.index.Impact;
import org.apache.lucene.index.Impacts;
import org.apache.lucene.index.ImpactsEnum;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;

/** The documents of a segment that have a term of the query, and what it adds to their scores. */
final class TermPostings {

    /** The time to advance to a document, relative to that to read the next one. */
    private static final int ADVANCE_COST = 4;

    private static final long[] NO_CANDIDATES = {};

    private final float queryWeight;
    private final int documents;
    private final PostingsEnum postings;

    /** The same postings, ahead of {@link #postings}: their position is that of the bounds. */
    private final ImpactsEnum blocks;

    /** The last document of the current block. */
    private int blockEnd = -1;

    private float blockMax;
    private float windowMax;

    /**
     * @param terms positioned at the term
     */
    TermPostings(TermsEnum terms, float queryWeight) throws IOException {
        this.queryWeight = queryWeight;
        this.documents = terms.docFreq();
        this.postings = terms.postings(null, PostingsEnum.FREQS);
        this.blocks = terms.impacts(PostingsEnum.FREQS);
    }

    /**
     * What the term adds to a score: at most the exact product, unless that is below the smallest
     * normal float, which is returned in its place.
     */
    private float contribution(int frequency) {
        return Math.max(queryWeight * LuceneSchema.weight(frequency), Float.MIN_NORMAL);
    }

    /**
     * Computes the max contribution to the documents of a window. Windows are passed in ascending
     * order.
     *
     * @param from the first document
     * @param to the last document plus 1
     */
    void enterWindow(int from, int to) throws IOException {
        windowMax = 0;
        if (postings.docID() >= to) {
            return;
        }
        for (int doc = from; ; doc = blockEnd + 1) {
            if (blockEnd < doc) {
                readBlock(doc);
            }
            windowMax = Math.max(windowMax, blockMax);
            if (blockEnd >= to - 1) {
                return;
            }
        }
    }

    private void readBlock(int doc) throws IOException {
        blocks.advanceShallow(doc);
        Impacts impacts = blocks.getImpacts();
        blockEnd = impacts.getDocIdUpTo(0);
        int maxFrequency = 0;
        if (blockEnd == DocIdSetIterator.NO_MORE_DOCS) {
            // Lucene stores no impacts of the last block, which is incomplete.
            for (int last = blocks.advance(doc);
                    last != DocIdSetIterator.NO_MORE_DOCS;
                    last = blocks.nextDoc()) {
                maxFrequency = Math.max(maxFrequency, blocks.freq());
            }
        } else {
            for (Impact impact : impacts.getImpacts(0)) {
                maxFrequency = Math.max(maxFrequency, impact.freq);
            }
        }
        blockMax = maxFrequency == 0 ? 0 : contribution(maxFrequency);
    }

    /** The max contribution to the documents of the current window; 0 if none has the term. */
    float windowMax() {
        return windowMax;
    }

    /** The bound that is gained per document that need not be read. */
    float windowMaxPerDocument() {
        return windowMax / documents;
    }

    /**
     * Adds the contributions to all documents of a window.
     *
     * @param sums the sum of each document of the window
     * @param min the sum from which a document is a candidate, above 0
     * @param candidates receives a bit for each document that reaches {@code min}, relative to
     *     {@code from}
     */
    void addAll(int from, int to, float[] sums, float min, long[] candidates) throws IOException {
        int doc = postings.docID();
        if (doc < from) {
            doc = postings.advance(from);
        }
        for (; doc < to; doc = postings.nextDoc()) {
            float before = sums[doc - from];
            float after = before + contribution(postings.freq());
            sums[doc - from] = after;
            if (before < min && after >= min) {
                candidates[doc - from >> 6] |= 1L << doc - from;
            }
        }
    }

    /**
     * Adds the contributions to documents of a window: by reading all postings of the window, also
     * those of other documents, if that is faster than to advance to each.
     *
     * @param density the share of the segment's documents that are in the window
     * @param candidates the documents, relative to {@code from}, in ascending order
     */
    void add(int from, int to, double density, float[] sums, int[] candidates, int count)
            throws IOException {
        if (documents * density < ADVANCE_COST * count) {
            addAll(from, to, sums, Float.POSITIVE_INFINITY, NO_CANDIDATES);
            return;
        }
        for (int i = 0; i < count; i++) {
            sums[candidates[i]] += contributionTo(from + candidates[i]);
        }
    }

    /** The contribution to one document, 0 if it does not have the term. In ascending order. */
    private float contributionTo(int doc) throws IOException {
        int at = postings.docID();
        if (at < doc) {
            at = postings.advance(doc);
        }
        return at == doc ? contribution(postings.freq()) : 0;
    }
}
