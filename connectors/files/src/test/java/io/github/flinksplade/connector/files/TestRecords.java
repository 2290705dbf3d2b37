package io.github.flinksplade.connector.files;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.vector.SparseVector;

/** Records for tests. */
final class TestRecords {

    static final Provenance PROVENANCE = new Provenance("m", "ab", "cd", "fp32", "none", 128);

    private TestRecords() {}

    static SinkContext context() {
        return new SinkContext("files", "job", PROVENANCE, new Terms(), false);
    }

    static VectorRecord upsert(String id) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                1,
                "text of " + id,
                "{}",
                new SparseVector(new int[] {1, 2}, new float[] {0.5f, 1.25f}),
                4,
                false,
                SourceRecord.of("f", 0, null, null));
    }

    static VectorRecord delete(String id) {
        return VectorRecord.delete(id, 1, SourceRecord.of("f", 0, null, null));
    }

    private static final class Terms implements Vocabulary {

        private static final long serialVersionUID = 1L;

        @Override
        public int size() {
            return 3;
        }

        @Override
        public String term(int index) {
            return "t" + index;
        }
    }
}
