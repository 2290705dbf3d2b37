package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.FixedBitSet;

/**
 * Finds the documents with the highest exact dot product.
 *
 * <p>The postings contain weights truncated to 9 significant bits. {@link SegmentSearcher} computes
 * with these which documents may be hits, and skips the others; the exact weights are then read of
 * these few documents only. The result is exact: the scores, and the order of equal ones by id.
 *
 * <p>Lucene's {@code BooleanQuery} over feature queries is not used: it is limited to 1,024 terms,
 * unless a setting of the whole process is changed, and to weights up to 64.
 */
final class ExactTopKSearcher {

    private static final Comparator<ScoredDocument> BEST_FIRST =
            Comparator.comparingDouble(ScoredDocument::score)
                    .reversed()
                    .thenComparing(ScoredDocument::id);

    private ExactTopKSearcher() {}

    /** A document of the index and its exact score. */
    record ScoredDocument(int doc, String id, double score) {}

    /** Returns at most k documents, highest score first, equal scores ordered by id. */
    static List<ScoredDocument> search(IndexReader reader, SearchIndex.Query query)
            throws IOException {
        if (reader.maxDoc() == 0) {
            return List.of();
        }
        TopCandidates top =
                new TopCandidates(Math.min(query.k(), reader.maxDoc()), query.vector().values());
        SegmentSearcher searcher = new SegmentSearcher(top);
        Weight filter = query.filter().isEmpty() ? null : weight(reader, query.filter());
        for (LeafReaderContext leaf : reader.leaves()) {
            Bits accepted = leaf.reader().getLiveDocs();
            if (filter != null) {
                Scorer matching = filter.scorer(leaf);
                if (matching == null) {
                    continue;
                }
                accepted = and(accepted, matching.iterator(), leaf.reader().maxDoc());
            }
            searcher.search(leaf.reader(), leaf.docBase, query.vector(), accepted);
        }
        return best(reader, query, top.documents());
    }

    private static Weight weight(IndexReader reader, FieldFilter filter) throws IOException {
        IndexSearcher searcher = new IndexSearcher(reader);
        return searcher.createWeight(
                searcher.rewrite(LuceneSchema.query(filter)), ScoreMode.COMPLETE_NO_SCORES, 1);
    }

    /** The matching documents that are live. */
    private static Bits and(Bits live, DocIdSetIterator matching, int documents)
            throws IOException {
        FixedBitSet accepted = new FixedBitSet(documents);
        for (int doc = matching.nextDoc();
                doc != DocIdSetIterator.NO_MORE_DOCS;
                doc = matching.nextDoc()) {
            if (live == null || live.get(doc)) {
                accepted.set(doc);
            }
        }
        return accepted;
    }

    /** The documents with the highest exact scores. */
    private static List<ScoredDocument> best(
            IndexReader reader, SearchIndex.Query query, int[] candidates) throws IOException {
        PriorityQueue<ScoredDocument> best = new PriorityQueue<>(BEST_FIRST.reversed());
        int next = 0;
        for (LeafReaderContext leaf : reader.leaves()) {
            int end = leaf.docBase + leaf.reader().maxDoc();
            if (next == candidates.length || candidates[next] >= end) {
                continue;
            }
            BinaryDocValues vectors = leaf.reader().getBinaryDocValues(LuceneSchema.WEIGHTS);
            BinaryDocValues ids = leaf.reader().getBinaryDocValues(LuceneSchema.ID);
            for (; next < candidates.length && candidates[next] < end; next++) {
                int doc = candidates[next] - leaf.docBase;
                vectors.advanceExact(doc);
                double score = LuceneSchema.dot(vectors.binaryValue(), query.vector());
                if (best.size() < query.k() || score >= best.peek().score()) {
                    ids.advanceExact(doc);
                    best.add(
                            new ScoredDocument(
                                    candidates[next], ids.binaryValue().utf8ToString(), score));
                    if (best.size() > query.k()) {
                        best.poll();
                    }
                }
            }
        }
        return best.stream().sorted(BEST_FIRST).toList();
    }
}
