package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/**
 * The version of the last change of each id in an index that is being written. Changes since the
 * last refresh are kept in memory, older ones are looked up in the index.
 */
final class LiveVersionMap implements Closeable {

    /** The max number of changes in memory before the reader is refreshed. */
    private static final int MAX_RECENT = 100_000;

    private final IndexWriter writer;
    private final Map<String, Change> recent = new HashMap<>();
    private DirectoryReader reader;

    /** The last change of an id. */
    record Change(long version, boolean isDelete) {

        /**
         * The change of a record, given the existing change of its id. A delete without version
         * gets the existing version, so that it is newer than that, and older than any later
         * version. A delete of a replaced id is stored as a delete of the version before, so that
         * its version can be written again.
         */
        static Change of(VectorRecord record, Change existing) {
            if (record.operation() == Operation.DELETE_REPLACED) {
                return new Change(record.version() - 1, true);
            }
            long version =
                    record.version() == VectorRecord.NO_VERSION && existing != null
                            ? existing.version()
                            : record.version();
            return new Change(version, record.isDelete());
        }

        /** What {@link VectorRecord#order()} compares. */
        long order() {
            return VectorRecord.order(version, isDelete ? Operation.DELETE : Operation.UPSERT);
        }
    }

    LiveVersionMap(IndexWriter writer) throws IOException {
        this.writer = writer;
        this.reader = DirectoryReader.open(writer);
    }

    /** The last change of the id; null if the index contains none. */
    Change find(String id) throws IOException {
        Change change = recent.get(id);
        if (change != null) {
            return change;
        }
        BytesRef term = new BytesRef(id);
        List<LeafReaderContext> leaves = reader.leaves();
        for (int i = leaves.size() - 1; i >= 0; i--) {
            LeafReader leaf = leaves.get(i).reader();
            Long upserted = version(leaf, LuceneSchema.ID, term);
            if (upserted != null) {
                return new Change(upserted, false);
            }
            Long deleted = version(leaf, LuceneSchema.DELETED_ID, term);
            if (deleted != null) {
                return new Change(deleted, true);
            }
        }
        return null;
    }

    private static Long version(LeafReader leaf, String field, BytesRef id) throws IOException {
        Terms terms = leaf.terms(field);
        if (terms == null) {
            return null;
        }
        TermsEnum ids = terms.iterator();
        if (!ids.seekExact(id)) {
            return null;
        }
        Bits live = leaf.getLiveDocs();
        PostingsEnum postings = ids.postings(null, PostingsEnum.NONE);
        for (int doc = postings.nextDoc();
                doc != DocIdSetIterator.NO_MORE_DOCS;
                doc = postings.nextDoc()) {
            if (live == null || live.get(doc)) {
                NumericDocValues versions = leaf.getNumericDocValues(LuceneSchema.VERSION);
                if (versions.advanceExact(doc)) {
                    return versions.longValue();
                }
            }
        }
        return null;
    }

    /** Adds a change that was just written. */
    void put(String id, Change change) throws IOException {
        recent.put(id, change);
        if (recent.size() >= MAX_RECENT) {
            refresh();
        }
    }

    /** Makes all changes searchable in the index; cheap after a commit. */
    void refresh() throws IOException {
        DirectoryReader newer = DirectoryReader.openIfChanged(reader, writer);
        if (newer != null) {
            reader.close();
            reader = newer;
        }
        recent.clear();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
