package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Provenance;
import java.io.IOException;
import java.nio.file.Path;

/** Reads the documents of one commit of an index in the order of the index. */
final class LuceneDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    private final String directory;
    private final LuceneVectors commit;

    private LuceneDocuments(String directory, LuceneVectors commit) {
        this.directory = directory;
        this.commit = commit;
    }

    /** The documents of the commit that is the newest now. */
    static LuceneDocuments newest(Path path) {
        return new LuceneDocuments(path.toString(), LuceneVectors.newest(path));
    }

    @Override
    public Provenance provenance() {
        return commit.provenance();
    }

    @Override
    public boolean storesEncoders() {
        return true;
    }

    @Override
    public Reader open() {
        return new DocumentReader(commit.openCommit());
    }

    private final class DocumentReader implements Reader {

        private final LuceneVectors.CommitReader reader;
        private int position;

        DocumentReader(LuceneVectors.CommitReader reader) {
            this.reader = reader;
        }

        @Override
        public IndexedDocument next() {
            try {
                while (position < commit.positions()) {
                    IndexedDocument document = reader.document(position++);
                    if (document != null) {
                        return document;
                    }
                }
                return null;
            } catch (IOException e) {
                throw LuceneFailureClassifier.explain("read", Path.of(directory), e);
            }
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
