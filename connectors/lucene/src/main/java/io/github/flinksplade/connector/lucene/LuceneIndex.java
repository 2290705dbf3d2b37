package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;

/**
 * Searches an index, which may be written meanwhile: every search sees the newest commit. A commit
 * may be seen before its checkpoint has completed; what it holds is taken back when the job fails
 * before that, and comes again when the job has caught up.
 *
 * <p>Any number of threads may search at once.
 */
final class LuceneIndex implements SearchIndex {

    private static final Set<String> SHOWN = Set.of(LuceneSchema.TEXT, LuceneSchema.FIELDS);

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
        try {
            DirectoryReader reader = acquire();
            try {
                return search(reader, query.idf() ? IdfWeighting.apply(reader, query) : query);
            } catch (RuntimeException e) {
                // Damage inside a file makes Lucene fail in any way; tell it from a fault of ours.
                IndexDirectory.checkIntegrityWhole(reader);
                throw e;
            } finally {
                reader.decRef();
            }
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("search", index.path(), e);
        }
    }

    /**
     * The newest commit, held until {@code decRef}. Commits are told apart by the names in their
     * data: Lucene's own {@code openIfChanged} counts changes, and another index that has taken the
     * place of this one may have the same count.
     */
    private synchronized DirectoryReader acquire() throws IOException {
        index.requireDirectory();
        CommitUserData now = index.data(SegmentInfos.readLatestCommit(directory).getUserData());
        if (!now.point().equals(opened.point())) {
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

    private void requireSame(Provenance found) {
        if (!found.fingerprint().equals(opened.provenance().fingerprint())) {
            throw new ConnectorException(
                    "the index in "
                            + index.path()
                            + " was replaced by one of the model "
                            + found.model()
                            + " (fingerprint "
                            + found.fingerprint()
                            + "), no longer of "
                            + opened.provenance().model()
                            + " (fingerprint "
                            + opened.provenance().fingerprint()
                            + "); open it anew");
        }
    }

    private static List<Hit> search(DirectoryReader reader, Query query) throws IOException {
        List<Hit> hits = new ArrayList<>();
        StoredFields stored = reader.storedFields();
        for (ExactTopKSearcher.ScoredDocument found : ExactTopKSearcher.search(reader, query)) {
            Document document = stored.document(found.doc(), SHOWN);
            hits.add(
                    query.hit(
                            found.id(),
                            document.get(LuceneSchema.TEXT),
                            document.get(LuceneSchema.FIELDS),
                            vector(reader, found.doc())));
        }
        return hits;
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
