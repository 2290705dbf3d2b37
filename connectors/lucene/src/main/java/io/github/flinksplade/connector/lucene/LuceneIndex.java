package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.lucene.ExactTopKSearcher.ScoredDocument;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;

/**
 * Searches an index, which may be written at the same time: every search uses the newest commit. A
 * commit may be visible before its checkpoint completes. If the job fails in between, the commit is
 * rolled back and its changes are written again.
 *
 * <p>Thread-safe.
 */
final class LuceneIndex implements SearchIndex {

    private static final Set<String> RETURNED_FIELDS =
            Set.of(LuceneSchema.ID, LuceneSchema.TEXT, LuceneSchema.FIELDS);

    /** Hits that one thread reads at a time. */
    private static final int HITS = 64;

    private final IndexDirectory index;
    private final FSDirectory directory;
    private DirectoryReader newest;
    private CommitUserData opened;

    private LuceneIndex(
            IndexDirectory index,
            FSDirectory directory,
            DirectoryReader newest,
            CommitUserData opened) {
        this.index = index;
        this.directory = directory;
        this.newest = newest;
        this.opened = opened;
    }

    static LuceneIndex open(Path path) {
        IndexDirectory index = new IndexDirectory(path);
        FSDirectory directory = null;
        DirectoryReader reader = null;
        try {
            directory = index.open();
            reader = DirectoryReader.open(directory);
            CommitUserData data = index.data(reader.getIndexCommit().getUserData());
            IndexDirectory.checkIntegrity(reader);
            return new LuceneIndex(index, directory, reader, data);
        } catch (IOException e) {
            IOUtils.closeWhileHandlingException(reader, directory);
            throw LuceneFailureClassifier.explain("open", path, e);
        } catch (RuntimeException e) {
            IOUtils.closeWhileHandlingException(reader, directory);
            throw e;
        }
    }

    @Override
    public synchronized Provenance provenance() {
        return opened.provenance();
    }

    @Override
    public List<Hit> search(Query query) {
        return search(
                (reader, unused) ->
                        search(reader, query.idf() ? IdfWeighting.apply(reader, query) : query));
    }

    @Override
    public synchronized boolean supportsText() {
        return opened.bm25() != Bm25.NONE;
    }

    @Override
    public List<Hit> searchText(TextQuery query) {
        return search((reader, bm25) -> search(reader, query, bm25));
    }

    /** Searches a commit. */
    @FunctionalInterface
    private interface Search {
        List<Hit> in(DirectoryReader reader, Bm25 bm25) throws IOException;
    }

    private List<Hit> search(Search search) {
        try {
            DirectoryReader reader = acquire();
            try {
                return search.in(reader, index.data(reader.getIndexCommit().getUserData()).bm25());
            } catch (RuntimeException e) {
                // A corrupt file may cause any exception in Lucene. Distinguish it from a bug.
                IndexDirectory.checkIntegrityOfAllSegments(reader);
                throw e;
            } finally {
                reader.decRef();
            }
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("search", index.path(), e);
        }
    }

    /**
     * A reader of the newest commit, to be released with {@code decRef}. Commits are compared by
     * the names in their user data: Lucene's {@code openIfChanged} compares a counter of changes,
     * which may be equal in an index that has replaced this one.
     */
    private synchronized DirectoryReader acquire() throws IOException {
        index.requireDirectory();
        CommitUserData latest = index.data(SegmentInfos.readLatestCommit(directory).getUserData());
        if (!latest.point().equals(opened.point())) {
            DirectoryReader fresh = DirectoryReader.open(directory);
            try {
                CommitUserData data = index.data(fresh.getIndexCommit().getUserData());
                requireSame(data.provenance());
                newest.close();
                newest = fresh;
                opened = data;
            } catch (IOException | RuntimeException e) {
                fresh.close();
                throw e;
            }
        }
        newest.incRef();
        return newest;
    }

    private void requireSame(Provenance current) {
        if (!current.fingerprint().equals(opened.provenance().fingerprint())) {
            throw new ConnectorException(
                    "the index in "
                            + index.path()
                            + " was replaced by an index of the model "
                            + current.model()
                            + " (fingerprint "
                            + current.fingerprint()
                            + "); it was opened with the model "
                            + opened.provenance().model()
                            + " (fingerprint "
                            + opened.provenance().fingerprint()
                            + "). Open it again");
        }
    }

    private List<Hit> search(DirectoryReader reader, TextQuery query, Bm25 bm25)
            throws IOException {
        if (bm25 == Bm25.NONE) {
            throw new ConnectorException(
                    "the index in "
                            + index.path()
                            + " has no words for BM25. Search without hybrid ranking, or index the"
                            + " documents again into a new directory with bm25=english or"
                            + " bm25=standard");
        }
        List<Hit> hits = new ArrayList<>();
        StoredFields stored = reader.storedFields();
        try (Analyzer analyzer = bm25.analyzer()) {
            for (ScoreDoc found : TextSearcher.search(reader, query, analyzer)) {
                Document document = stored.document(found.doc, RETURNED_FIELDS);
                hits.add(
                        query.hit(
                                document.get(LuceneSchema.ID),
                                found.score,
                                document.get(LuceneSchema.TEXT),
                                document.get(LuceneSchema.FIELDS),
                                vector(reader, found.doc)));
            }
        }
        return hits;
    }

    private static List<Hit> search(DirectoryReader reader, Query query) throws IOException {
        List<ScoredDocument> found = ExactTopKSearcher.search(reader, query);
        Hit[] hits = new Hit[found.size()];
        Parallel.run(
                (hits.length + HITS - 1) / HITS,
                () -> {
                    StoredFields stored = reader.storedFields();
                    return part -> {
                        int from = part * HITS;
                        for (int i = from; i < Math.min(from + HITS, hits.length); i++) {
                            hits[i] = hit(reader, stored, query, found.get(i));
                        }
                    };
                });
        return Arrays.asList(hits);
    }

    private static Hit hit(
            DirectoryReader reader, StoredFields stored, Query query, ScoredDocument found)
            throws IOException {
        if (query.idsOnly() && Passages.document(found.id()) == null) {
            return new Hit(found.id(), found.score(), null, null, null, new int[0], new float[0]);
        }
        Document document = stored.document(found.doc(), RETURNED_FIELDS);
        return query.hit(
                found.id(),
                document.get(LuceneSchema.TEXT),
                document.get(LuceneSchema.FIELDS),
                vector(reader, found.doc()));
    }

    private static SparseVector vector(IndexReader reader, int doc) throws IOException {
        LeafReaderContext leaf = reader.leaves().get(ReaderUtil.subIndex(doc, reader.leaves()));
        BinaryDocValues vectors = leaf.reader().getBinaryDocValues(LuceneSchema.WEIGHTS);
        vectors.advanceExact(doc - leaf.docBase);
        return LuceneSchema.vector(vectors.binaryValue());
    }

    @Override
    public synchronized void close() {
        try {
            IOUtils.close(newest, directory);
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("close", index.path(), e);
        }
    }
}
