package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
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

    private static final Set<String> SHOWN = Set.of(DocumentLayout.TEXT, DocumentLayout.FIELDS);

    private final IndexDirectory index;
    private final FSDirectory directory;
    private DirectoryReader newest;
    private CommitData opened;

    private LuceneIndex(
            IndexDirectory index,
            FSDirectory directory,
            DirectoryReader newest,
            CommitData opened) {
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
            CommitData data = index.data(reader.getIndexCommit().getUserData());
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
    public List<Hit> search(int[] indices, float[] values, int k) {
        checkQuery(indices, values, k);
        try {
            DirectoryReader reader = acquire();
            try {
                return search(reader, indices, values, k);
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

    private static void checkQuery(int[] indices, float[] values, int k) {
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
     * The newest commit, held until {@code decRef}. Commits are told apart by the names in their
     * data: Lucene's own {@code openIfChanged} counts changes, and another index that has taken the
     * place of this one may have the same count.
     */
    private synchronized DirectoryReader acquire() throws IOException {
        index.requireDirectory();
        CommitData now = index.data(SegmentInfos.readLatestCommit(directory).getUserData());
        if (!now.point().equals(opened.point())) {
            DirectoryReader fresh = DirectoryReader.open(directory);
            try {
                CommitData data = index.data(fresh.getIndexCommit().getUserData());
                index.requireSame(opened.provenance(), data.provenance());
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

    private static List<Hit> search(DirectoryReader reader, int[] indices, float[] values, int k)
            throws IOException {
        List<Hit> hits = new ArrayList<>();
        StoredFields stored = reader.storedFields();
        for (ExactTopK.Found found : ExactTopK.search(reader, indices, values, k)) {
            Document document = stored.document(found.doc(), SHOWN);
            hits.add(
                    hit(
                            found,
                            document.get(DocumentLayout.TEXT),
                            document.get(DocumentLayout.FIELDS),
                            vector(reader, found.doc()),
                            indices,
                            values));
        }
        return hits;
    }

    private static StoredVector vector(IndexReader reader, int doc) throws IOException {
        LeafReaderContext leaf = reader.leaves().get(ReaderUtil.subIndex(doc, reader.leaves()));
        BinaryDocValues vectors = leaf.reader().getBinaryDocValues(DocumentLayout.WEIGHTS);
        vectors.advanceExact(doc - leaf.docBase);
        return StoredVector.decode(vectors.binaryValue());
    }

    private static Hit hit(
            ExactTopK.Found found,
            String text,
            String fields,
            StoredVector vector,
            int[] indices,
            float[] values) {
        float[] parts = new float[indices.length];
        for (int i = 0; i < indices.length; i++) {
            int at = Arrays.binarySearch(vector.indices(), indices[i]);
            parts[i] = at < 0 ? -1 : values[i] * vector.values()[at];
        }
        int[] largestFirst =
                IntStream.range(0, indices.length)
                        .filter(i -> parts[i] >= 0)
                        .boxed()
                        .sorted(Comparator.comparing((Integer i) -> -parts[i]))
                        .mapToInt(Integer::intValue)
                        .toArray();
        int[] matched = new int[largestFirst.length];
        float[] matchedParts = new float[largestFirst.length];
        for (int i = 0; i < matched.length; i++) {
            matched[i] = indices[largestFirst[i]];
            matchedParts[i] = parts[largestFirst[i]];
        }
        return new Hit(found.id(), found.score(), text, fields, matched, matchedParts);
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
