package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.LeafReader;
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

    private static final int WINDOW = 1 << 12;

    private final TopCandidates top;
    private final float[] sums = new float[WINDOW];
    private final long[] reached = new long[WINDOW >> 6];
    private final int[] candidates = new int[WINDOW];

    SegmentSearcher(TopCandidates top) {
        this.top = top;
    }

    /**
     * Adds the documents of a segment that may be hits.
     *
     * @param accepted the documents that may be hits; null for all
     */
    void search(LeafReader leaf, int docBase, SparseVector query, Bits accepted)
            throws IOException {
        TermPostings[] terms = postings(leaf, query);
        double[] rests = new double[terms.length + 1];
        for (int from = 0; from < leaf.maxDoc() && terms.length > 0; from += WINDOW) {
            int to = Math.min(from + WINDOW, leaf.maxDoc());
            double density = (double) (to - from) / leaf.maxDoc();
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
            addNonEssential(from, to, density, terms, nonEssential, rests, count, docBase);
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

    private void addNonEssential(
            int from,
            int to,
            double density,
            TermPostings[] terms,
            int nonEssential,
            double[] rests,
            int count,
            int docBase)
            throws IOException {
        int size = count;
        for (int term = nonEssential - 1; term >= 0 && size > 0; term--) {
            if (terms[term].windowMax() == 0) {
                continue;
            }
            int kept = 0;
            for (int i = 0; i < size; i++) {
                if (top.isCompetitive(sums[candidates[i]] + rests[term + 1])) {
                    candidates[kept++] = candidates[i];
                }
            }
            size = kept;
            terms[term].add(from, to, density, sums, candidates, size);
        }
        for (int i = 0; i < size; i++) {
            top.add(docBase + from + candidates[i], sums[candidates[i]]);
        }
    }
}
