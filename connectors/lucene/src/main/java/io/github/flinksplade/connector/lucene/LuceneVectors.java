package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.IOUtils;

/** Reads the documents of one commit of an index; a position is a document number in it. */
final class LuceneVectors implements VectorSource {

    private static final long serialVersionUID = 1L;

    /** The stored fields of an {@link IndexedDocument}. */
    private static final Set<String> STORED =
            Set.of(LuceneSchema.ID, LuceneSchema.TEXT, LuceneSchema.FIELDS, LuceneSchema.ENCODER);

    private final String directory;
    private final String commit;
    private final Provenance provenance;
    private final int positions;

    private LuceneVectors(String directory, String commit, Provenance provenance, int positions) {
        this.directory = directory;
        this.commit = commit;
        this.provenance = provenance;
        this.positions = positions;
    }

    /** The commit that is the newest now. */
    static LuceneVectors newest(Path path) {
        IndexDirectory index = new IndexDirectory(path);
        try (FSDirectory directory = index.open();
                DirectoryReader reader = DirectoryReader.open(directory)) {
            CommitUserData data = index.data(reader.getIndexCommit().getUserData());
            return new LuceneVectors(
                    path.toString(), data.point().name(), data.provenance(), reader.maxDoc());
        } catch (IOException e) {
            throw LuceneFailureClassifier.explain("open", path, e);
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public long positions() {
        return positions;
    }

    @Override
    public Reader open() {
        return openCommit();
    }

    CommitReader openCommit() {
        IndexDirectory index = new IndexDirectory(Path.of(directory));
        FSDirectory opened = null;
        try {
            opened = index.open();
            return new CommitReader(opened, DirectoryReader.open(find(index, opened)));
        } catch (IOException | RuntimeException e) {
            IOUtils.closeWhileHandlingException(opened);
            if (e instanceof IOException failure) {
                throw LuceneFailureClassifier.explain("read", index.path(), failure);
            }
            throw (RuntimeException) e;
        }
    }

    private IndexCommit find(IndexDirectory index, FSDirectory opened) throws IOException {
        List<IndexCommit> commits = DirectoryReader.listCommits(opened);
        for (IndexCommit candidate : commits) {
            if (index.data(candidate.getUserData()).point().name().equals(commit)) {
                return candidate;
            }
        }
        throw new ConnectorException(
                "the index in "
                        + directory
                        + " has had so many commits since the start that the commit to read was"
                        + " deleted. Start again, or stop the job that writes to the index");
    }

    /** Reads the commit. */
    final class CommitReader implements Reader {

        private final FSDirectory opened;
        private final DirectoryReader reader;

        CommitReader(FSDirectory opened, DirectoryReader reader) {
            this.opened = opened;
            this.reader = reader;
        }

        @Override
        public VectorRecord read(long position) {
            try {
                return read((int) position);
            } catch (IOException e) {
                throw LuceneFailureClassifier.explain("read", Path.of(directory), e);
            }
        }

        private LeafReaderContext leaf(int doc) {
            return reader.leaves().get(ReaderUtil.subIndex(doc, reader.leaves()));
        }

        private static boolean isLive(LeafReaderContext leaf, int inLeaf) {
            Bits live = leaf.reader().getLiveDocs();
            return live == null || live.get(inLeaf);
        }

        private static long version(LeafReaderContext leaf, int inLeaf) throws IOException {
            NumericDocValues versions = leaf.reader().getNumericDocValues(LuceneSchema.VERSION);
            versions.advanceExact(inLeaf);
            return versions.longValue();
        }

        /** The document at a position without its vector; null if the position is empty. */
        IndexedDocument document(int doc) throws IOException {
            LeafReaderContext leaf = leaf(doc);
            if (!isLive(leaf, doc - leaf.docBase)) {
                return null;
            }
            Document stored = reader.storedFields().document(doc, STORED);
            String id = stored.get(LuceneSchema.ID);
            if (id == null) {
                return null; // a tombstone
            }
            String encoder = stored.get(LuceneSchema.ENCODER);
            return new IndexedDocument(
                    id,
                    Operation.UPSERT,
                    version(leaf, doc - leaf.docBase),
                    stored.get(LuceneSchema.TEXT),
                    stored.get(LuceneSchema.FIELDS),
                    encoder == null ? provenance.fingerprint() : encoder);
        }

        private VectorRecord read(int doc) throws IOException {
            LeafReaderContext leaf = leaf(doc);
            int inLeaf = doc - leaf.docBase;
            BinaryDocValues weights = leaf.reader().getBinaryDocValues(LuceneSchema.WEIGHTS);
            if (!isLive(leaf, inLeaf) || weights == null || !weights.advanceExact(inLeaf)) {
                return null;
            }
            Document stored = reader.storedFields().document(doc);
            String id = stored.get(LuceneSchema.ID);
            String text = stored.get(LuceneSchema.TEXT);
            return new VectorRecord(
                    id,
                    Operation.UPSERT,
                    version(leaf, inLeaf),
                    text,
                    stored.get(LuceneSchema.FIELDS),
                    LuceneSchema.vector(weights.binaryValue()),
                    stored.getField(LuceneSchema.TOKENS).numericValue().intValue(),
                    stored.getField(LuceneSchema.TRUNCATED).numericValue().intValue() == 1,
                    SourceRecord.of(
                            directory,
                            doc,
                            id.getBytes(StandardCharsets.UTF_8),
                            text == null ? null : text.getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        public void close() {
            try {
                IOUtils.close(reader, opened);
            } catch (IOException e) {
                throw LuceneFailureClassifier.explain("close", Path.of(directory), e);
            }
        }
    }
}
