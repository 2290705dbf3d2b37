package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.FixedBitSet;

/**
 * Finds the documents with the highest exact dot product.
 *
 * <p>The postings contain weights truncated to 9 significant bits. {@link SegmentSearcher} computes
 * with these which documents may be hits, and skips the others; the exact weights are then read of
 * these few documents only. The result is exact: the scores, and the order of equal ones by id.
 *
 * <p>Segments, and parts of large segments, are searched in {@link Parallel}. The threads share the
 * threshold, so that a hit in one part skips documents in the others.
 *
 * <p>Lucene's {@code BooleanQuery} over feature queries is not used: it is limited to 1,024 terms,
 * unless a setting of the whole process is changed, and to weights up to 64.
 */
final class ExactTopKSearcher {

    /** Max documents of a part, a multiple of {@link SegmentSearcher#WINDOW}. */
    private static final int PART = 1 << 14;

    /** Candidates whose exact scores one thread computes at a time. */
    private static final int CANDIDATES = 256;

    private static final Comparator<ScoredDocument> BEST_FIRST =
            Comparator.comparingDouble(ScoredDocument::score)
                    .reversed()
                    .thenComparing(ScoredDocument::id);

    private ExactTopKSearcher() {}

    /** A document of the index and its exact score. */
    record ScoredDocument(int doc, String id, double score) {}

    /**
     * A range of documents of a segment.
     *
     * @param from the first document
     * @param to the last document plus 1
     * @param accepted the documents of the segment that may be hits; null for all
     */
    private record Part(LeafReaderContext leaf, int from, int to, Bits accepted) {}

    /** Returns at most k documents, highest score first, equal scores ordered by id. */
    static List<ScoredDocument> search(IndexReader reader, SearchIndex.Query query)
            throws IOException {
        if (reader.maxDoc() == 0) {
            return List.of();
        }
        TopCandidates top =
                new TopCandidates(Math.min(query.k(), reader.maxDoc()), query.vector().values());
        List<Part> parts = parts(reader, query.filter());
        Parallel.run(parts.size(), () -> new PartSearcher(query.vector(), top, parts));
        return best(reader, query, top.documents());
    }

    /** Searches parts on one thread. */
    private static final class PartSearcher implements Parallel.Worker {

        private final SparseVector query;
        private final TopCandidates top;
        private final List<Part> parts;
        private SegmentSearcher segment;

        PartSearcher(SparseVector query, TopCandidates top, List<Part> parts) {
            this.query = query;
            this.top = top;
            this.parts = parts;
        }

        @Override
        public void work(int index) throws IOException {
            Part part = parts.get(index);
            if (segment == null || segment.leaf() != part.leaf) {
                segment = new SegmentSearcher(part.leaf, query, top);
            }
            segment.search(part.from, part.to, part.accepted);
        }
    }

    /** The parts of all segments that may contain hits, in ascending order. */
    private static List<Part> parts(IndexReader reader, FieldFilter filter) throws IOException {
        Weight weight = filter.isEmpty() ? null : weight(reader, filter);
        List<Part> parts = new ArrayList<>();
        for (LeafReaderContext leaf : reader.leaves()) {
            int documents = leaf.reader().maxDoc();
            Bits accepted = leaf.reader().getLiveDocs();
            if (weight != null) {
                Scorer matching = weight.scorer(leaf);
                if (matching == null) {
                    continue;
                }
                accepted = and(accepted, matching.iterator(), documents);
            }
            for (int from = 0; from < documents; from += PART) {
                parts.add(new Part(leaf, from, Math.min(from + PART, documents), accepted));
            }
        }
        return parts;
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

    /**
     * The documents with the highest exact scores.
     *
     * @param candidates in ascending order
     */
    private static List<ScoredDocument> best(
            IndexReader reader, SearchIndex.Query query, int[] candidates) throws IOException {
        double[] scores = new double[candidates.length];
        Parallel.run(
                (candidates.length + CANDIDATES - 1) / CANDIDATES,
                () ->
                        part -> {
                            int from = part * CANDIDATES;
                            int to = Math.min(from + CANDIDATES, candidates.length);
                            score(reader, query.vector(), candidates, from, to, scores);
                        });
        double min =
                scores.length <= query.k()
                        ? Double.NEGATIVE_INFINITY
                        : Arrays.stream(scores)
                                .sorted()
                                .skip(scores.length - query.k())
                                .findFirst()
                                .getAsDouble();
        List<ScoredDocument> best = new ArrayList<>();
        Values ids = new Values(reader, LuceneSchema.ID);
        for (int i = 0; i < candidates.length; i++) {
            if (scores[i] >= min) {
                best.add(
                        new ScoredDocument(
                                candidates[i], ids.of(candidates[i]).utf8ToString(), scores[i]));
            }
        }
        return best.stream().sorted(BEST_FIRST).limit(query.k()).toList();
    }

    private static void score(
            IndexReader reader,
            SparseVector query,
            int[] candidates,
            int from,
            int to,
            double[] scores)
            throws IOException {
        Values vectors = new Values(reader, LuceneSchema.WEIGHTS);
        for (int i = from; i < to; i++) {
            scores[i] = LuceneSchema.dot(vectors.of(candidates[i]), query);
        }
    }

    /** A binary doc value of documents, which are read in ascending order. */
    private static final class Values {

        private final IndexReader reader;
        private final String field;
        private BinaryDocValues values;
        private int docBase;
        private int end;

        Values(IndexReader reader, String field) {
            this.reader = reader;
            this.field = field;
        }

        /** The value of a document, valid until the next call. */
        BytesRef of(int doc) throws IOException {
            if (doc >= end) {
                LeafReaderContext leaf =
                        reader.leaves().get(ReaderUtil.subIndex(doc, reader.leaves()));
                values = leaf.reader().getBinaryDocValues(field);
                docBase = leaf.docBase;
                end = docBase + leaf.reader().maxDoc();
            }
            values.advanceExact(doc - docBase);
            return values.binaryValue();
        }
    }
}
