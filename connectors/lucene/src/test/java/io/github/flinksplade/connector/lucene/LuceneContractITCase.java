package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Bits;
import org.junit.jupiter.api.io.TempDir;

/** The index is read with Lucene's own classes. */
class LuceneContractITCase extends SinkContract {

    @TempDir private Path folder;

    @Override
    public ConnectorUri fresh(String name) {
        return ConnectorUri.parse("lucene:" + folder.resolve(name));
    }

    @Override
    public ConnectorUri freshWithText(String name) {
        return ConnectorUri.parse("lucene:" + folder.resolve(name) + "?bm25=english");
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws IOException {
        Map<String, StoredDocument> held = new TreeMap<>();
        try (FSDirectory directory = FSDirectory.open(Path.of(uri.location()));
                DirectoryReader reader = DirectoryReader.open(directory)) {
            for (LeafReaderContext leaf : reader.leaves()) {
                Bits live = leaf.reader().getLiveDocs();
                BinaryDocValues weights = leaf.reader().getBinaryDocValues("weights");
                for (int doc = 0; doc < leaf.reader().maxDoc(); doc++) {
                    Document stored = leaf.reader().storedFields().document(doc);
                    if ((live == null || live.get(doc)) && stored.get("id") != null) {
                        weights.advanceExact(doc);
                        SparseVector vector = LuceneSchema.vector(weights.binaryValue());
                        held.put(
                                stored.get("id"),
                                new StoredDocument(
                                        vector.indices(),
                                        vector.values(),
                                        stored.get("text"),
                                        stored.get("fields")));
                    }
                }
            }
        }
        return held;
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }

    /** Merges all segments into one, without deleted documents. */
    @Override
    public void forgetDeletes(ConnectorUri uri) throws IOException {
        try (FSDirectory directory = FSDirectory.open(Path.of(uri.location()));
                IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(null))) {
            Map<String, String> data = new TreeMap<>();
            writer.getLiveCommitData().forEach(one -> data.put(one.getKey(), one.getValue()));
            writer.forceMerge(1);
            writer.setLiveCommitData(data.entrySet());
            writer.commit();
        }
    }
}
