package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * Finds the documents with the highest exact dot product in one pass over the postings of the
 * query's terms.
 *
 * <p>The postings contain weights truncated to 9 significant bits: {@code truncated <= weight <
 * truncated * (1 + 2^-8)}. The dot product of these with the query, increased by that factor and by
 * the rounding error of the sum (relative error below 2^-23 per term), is therefore an upper bound
 * of the exact score. Exact weights are read only for documents whose bound reaches the k-th best
 * exact score so far. No other document can have a higher score, so the result is exact without a
 * second pass.
 *
 * <p>Lucene's {@code BooleanQuery} over feature queries is not used: it is limited to 1,024 terms,
 * unless a setting of the whole process is changed, and to weights up to 64. Memory: 4 bytes per
 * document of the largest segment, and the k best documents.
 */
final class ExactTopKSearcher {

    private static final double TRUNCATION = 1 + 1.0 / (1 << 8);
    private static final double ROUNDING_ERROR = 1.0 / (1 << 23);

    private static final Comparator<ScoredDocument> BEST_FIRST =
            Comparator.comparingDouble(ScoredDocument::score)
                    .reversed()
                    .thenComparing(ScoredDocument::id);

    private final SparseVector query;
    private final int[] indices;
    private final float[] values;
    private final int k;
    private final double errorBound;
    private final PriorityQueue<ScoredDocument> best;
    private float[] sums = new float[0];

    /** A document of the index and its exact score. */
    record ScoredDocument(int doc, String id, double score) {}

    private ExactTopKSearcher(SearchIndex.Query query) {
        this.query = query.vector();
        this.indices = this.query.indices();
        this.values = this.query.values();
        this.k = query.k();
        this.errorBound = TRUNCATION * (1 + (indices.length + 2) * ROUNDING_ERROR);
        this.best = new PriorityQueue<>(BEST_FIRST.reversed());
    }

    /** Returns at most k documents, highest score first, equal scores ordered by id. */
    static List<ScoredDocument> search(IndexReader reader, SearchIndex.Query query)
            throws IOException {
        ExactTopKSearcher searcher = new ExactTopKSearcher(query);
        for (LeafReaderContext leaf : reader.leaves()) {
            searcher.visit(leaf);
        }
        return searcher.best.stream().sorted(BEST_FIRST).toList();
    }

    private void visit(LeafReaderContext context) throws IOException {
        LeafReader leaf = context.reader();
        if (sums.length < leaf.maxDoc()) {
            sums = new float[leaf.maxDoc()];
        } else {
            Arrays.fill(sums, 0, leaf.maxDoc(), 0f);
        }
        if (!sumScores(leaf)) {
            return;
        }
        Bits live = leaf.getLiveDocs();
        BinaryDocValues vectors = leaf.getBinaryDocValues(LuceneSchema.WEIGHTS);
        BinaryDocValues ids = leaf.getBinaryDocValues(LuceneSchema.ID);
        for (int doc = 0; doc < leaf.maxDoc(); doc++) {
            if (sums[doc] > 0
                    && (live == null || live.get(doc))
                    && (best.size() < k || sums[doc] * errorBound >= best.peek().score())) {
                vectors.advanceExact(doc);
                double score = LuceneSchema.dot(vectors.binaryValue(), query);
                if (best.size() < k || score >= best.peek().score()) {
                    ids.advanceExact(doc);
                    offer(
                            new ScoredDocument(
                                    context.docBase + doc,
                                    ids.binaryValue().utf8ToString(),
                                    score));
                }
            }
        }
    }

    private void offer(ScoredDocument document) {
        if (best.size() < k) {
            best.add(document);
        } else if (BEST_FIRST.compare(document, best.peek()) < 0) {
            best.poll();
            best.add(document);
        }
    }

    /** Sums the approximate scores of a segment's documents. Returns false if none matches. */
    private boolean sumScores(LeafReader leaf) throws IOException {
        boolean hasMatches = false;
        String field = null;
        TermsEnum terms = null;
        PostingsEnum postings = null;
        for (int i = 0; i < indices.length; i++) {
            String termField = LuceneSchema.featureField(indices[i]);
            if (!termField.equals(field)) {
                field = termField;
                Terms all = leaf.terms(field);
                terms = all == null ? null : all.iterator();
                postings = null;
            }
            if (terms == null || !terms.seekExact(new BytesRef(LuceneSchema.feature(indices[i])))) {
                continue;
            }
            hasMatches = true;
            postings = terms.postings(postings, PostingsEnum.FREQS);
            for (int doc = postings.nextDoc();
                    doc != DocIdSetIterator.NO_MORE_DOCS;
                    doc = postings.nextDoc()) {
                // A product below the smallest normal float is rounded up, so that the sum remains
                // an upper bound.
                sums[doc] +=
                        Math.max(
                                values[i] * LuceneSchema.weight(postings.freq()), Float.MIN_NORMAL);
            }
        }
        return hasMatches;
    }
}
