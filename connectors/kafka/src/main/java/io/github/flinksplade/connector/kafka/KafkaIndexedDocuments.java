package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Provenance;

/**
 * Reads the committed records that a topic contains at the start, one partition after the other.
 */
final class KafkaIndexedDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    private final KafkaVectors records;

    KafkaIndexedDocuments(KafkaVectors records) {
        this.records = records;
    }

    @Override
    public Provenance provenance() {
        return records.provenance();
    }

    @Override
    public boolean storesEncoders() {
        return true;
    }

    @Override
    public Reader open() {
        return new DocumentReader(records.openRecords());
    }

    private final class DocumentReader implements Reader {

        private final KafkaVectors.RecordReader reader;
        private final long positions = records.positions();
        private long position;

        DocumentReader(KafkaVectors.RecordReader reader) {
            this.reader = reader;
        }

        @Override
        public IndexedDocument next() {
            while (position < positions) {
                IndexedDocument document = reader.document(position++);
                if (document != null) {
                    return document;
                }
            }
            return null;
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
