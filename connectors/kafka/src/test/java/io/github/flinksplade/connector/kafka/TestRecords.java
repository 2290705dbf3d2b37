package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.Header;

/** Records and contexts for tests. */
final class TestRecords {

    static final Provenance PROVENANCE =
            new Provenance("builtin:minilm", "aa11", "bb22", "fp32", "none", 128);

    private TestRecords() {}

    static SinkContext context(String name) {
        return context(name, PROVENANCE);
    }

    static SinkContext context(String name, Provenance provenance) {
        return new SinkContext(name, "job", provenance, new Terms(), false);
    }

    static VectorRecord upsert(String id, long version, int... indices) {
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.5f + i;
        }
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                "the text of " + id,
                "{}",
                new SparseVector(indices, values),
                5,
                false,
                origin(id));
    }

    static VectorRecord delete(String id, long version) {
        return VectorRecord.delete(id, version, origin(id));
    }

    static SourceRecord origin(String id) {
        return SourceRecord.of("docs", 0, bytes(id), bytes("{}"));
    }

    static DeadLetter deadLetter(SourceRecord origin) {
        return new DeadLetter(
                origin,
                DeadLetter.Stage.PARSE,
                null,
                "java.lang.IllegalArgumentException",
                "no text");
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Headers as text in their order; the last of several with the same name. */
    static Map<String, String> headers(Iterable<Header> headers) {
        Map<String, String> map = new LinkedHashMap<>();
        for (Header header : headers) {
            map.put(
                    header.key(),
                    header.value() == null
                            ? null
                            : new String(header.value(), StandardCharsets.UTF_8));
        }
        return map;
    }

    /** Terms w0, w1, ... */
    private static final class Terms implements Vocabulary {
        private static final long serialVersionUID = 1L;

        @Override
        public int size() {
            return 30_522;
        }

        @Override
        public String term(int index) {
            return "w" + index;
        }
    }
}
