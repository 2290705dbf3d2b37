package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Computes the approximate scores of the documents of a segment that may be hits.
 *
 * <p>This is block-max MaxScore, as in Lucene's own {@code MaxScoreBulkScorer}. In each window of
 * documents, Lucene's impacts bound what a term can add to a score. The terms that together cannot
 * make a document a hit are <em>non-essential</em>: the postings of the other terms are read
 * completely, and those of the non-essential ones only at the documents that can still reach the
 * threshold. In a window without essential terms nothing is read.
 */
final class SegmentSearcher {

    static final int WINDOW = 1 << 12;

    private final LeafReaderContext leaf;
    private final TopCandidates top;
    private final TermPostings[] terms;
    private final double[] rests;
    private final float[] sums = new float[WINDOW];
    private final long[] reached = new long[WINDOW >> 6];
    private final int[] candidates = new int[WINDOW];

    /**
     * @param top receives the documents that may be hits
     */
    SegmentSearcher(LeafReaderContext leaf, SparseVector query, TopCandidates top)
            throws IOException {
        this.leaf = leaf;
        this.top = top;
        this.terms = postings(leaf.reader(), query);
        this.rests = new double[terms.length + 1];
    }

    LeafReaderContext leaf() {
        return leaf;
    }

    /**
     * Adds the documents of a range that may be hits. Ranges are passed in ascending order.
     *
     * @param first the first document
     * @param end the last document plus 1
     * @param accepted the documents of the segment that may be hits; null for all
     */
    void search(int first, int end, Bits accepted) throws IOException {
        for (int from = first; from < end && terms.length > 0; from += WINDOW) {
            int to = Math.min(from + WINDOW, end);
            double density = (double) (to - from) / leaf.reader().maxDoc();
            for (TermPostings term : terms) {
                term.enterWindow(from, to);
            }
            Arrays.sort(terms, Comparator.comparingDouble(TermPostings::windowMaxPerDocument));
            // rests[i]: what the first i terms can add
            int nonEssential = 0;
            for (int i = 0; i < terms.length; i++) {
                rests[i + 1] = rests[i] + terms[i].windowMax();
                if (!top.isCompetitive(rests[i + 1])) {
                    nonEssential = i + 1;
                }
            }
            float min = top.minSum(rests[nonEssential]);
            for (int i = nonEssential; i < terms.length; i++) {
                if (terms[i].windowMax() > 0) {
                    terms[i].addAll(from, to, sums, min, reached);
                }
            }
            int count = candidates(from, accepted);
            addNonEssential(from, to, density, nonEssential, count);
            if (nonEssential < terms.length) {
                Arrays.fill(sums, 0);
            }
        }
    }

    private static TermPostings[] postings(LeafReader leaf, SparseVector query) throws IOException {
        List<TermPostings> postings = new ArrayList<>();
        String field = null;
        TermsEnum terms = null;
        for (int i = 0; i < query.size(); i++) {
            String termField = LuceneSchema.featureField(query.indices()[i]);
            if (!termField.equals(field)) {
                field = termField;
                Terms all = leaf.terms(field);
                terms = all == null ? null : all.iterator();
            }
            if (terms != null
                    && terms.seekExact(new BytesRef(LuceneSchema.feature(query.indices()[i])))) {
                postings.add(new TermPostings(terms, query.values()[i]));
            }
        }
        return postings.toArray(TermPostings[]::new);
    }

    /**
     * Lists the accepted candidates in ascending order, and clears their bits.
     *
     * @return their number
     */
    private int candidates(int from, Bits accepted) {
        int count = 0;
        for (int word = 0; word < reached.length; word++) {
            for (long bits = reached[word]; bits != 0; bits &= bits - 1) {
                int candidate = (word << 6) + Long.numberOfTrailingZeros(bits);
                if (accepted == null || accepted.get(from + candidate)) {
                    candidates[count++] = candidate;
                }
            }
            reached[word] = 0;
        }
        return count;
    }

    private void addNonEssential(int from, int to, double density, int nonEssential, int count)
            throws IOException {
        int size = count;
        for (int term = nonEssential - 1; term >= 0 && size > 0; term--) {
            if (terms[term].windowMax() == 0) {
                continue;
            }
            float min = top.minSum(rests[term + 1]);
            int kept = 0;
            for (int i = 0; i < size; i++) {
                if (sums[candidates[i]] >= min) {
                    candidates[kept++] = candidates[i];
                }
            }
            size = kept;
            terms[term].add(from, to, density, sums, candidates, size);
        }
        for (int i = 0; i < size; i++) {
            top.add(leaf.docBase + from + candidates[i], sums[candidates[i]]);
        }
    }
}
