package io.github.flinksplade.connector.contract;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Changes to write, and the documents that result from them. */
public final class Corpus {

    /** The provenance of the vectors of these tests. */
    public static final Provenance PROVENANCE =
            new Provenance(
                    "builtin:contract", "aa".repeat(32), "bb".repeat(32), "fp32", "none", 128);

    /** The provenance of vectors of another model. */
    public static final Provenance OTHER =
            new Provenance("hf:other/model", "cc".repeat(32), "dd".repeat(32), "fp32", "none", 128);

    /** The size of BERT's vocabulary. */
    public static final int TERMS = 30_522;

    /** A term that every passage has. */
    static final int TERM_OF_PASSAGES = 777;

    private final Map<String, VectorRecord> documents = new TreeMap<>();

    /** Applies a change to the documents, and returns it for writing. */
    public VectorRecord change(VectorRecord record) {
        if (record.isDelete()) {
            documents.remove(record.id());
        } else {
            documents.put(record.id(), record);
        }
        return record;
    }

    /** Applies changes as {@link #change} does. */
    public VectorRecord[] changes(VectorRecord... records) {
        for (VectorRecord record : records) {
            change(record);
        }
        return records;
    }

    /** The documents after all changes, by id. */
    public Map<String, VectorRecord> documents() {
        return documents;
    }

    /** An upsert with 8 terms that depend on the id and the version. */
    public static VectorRecord upsert(String id, long version) {
        Random random = new Random(31L * id.hashCode() + version);
        TreeMap<Integer, Float> terms = new TreeMap<>();
        while (terms.size() < 8) {
            terms.put(random.nextInt(200), 0.01f + 3 * random.nextFloat());
        }
        return upsert(id, version, "{\"version_of_text\":" + version + "}", terms);
    }

    /** An upsert with these fields and terms. */
    public static VectorRecord upsert(
            String id, long version, String fields, TreeMap<Integer, Float> terms) {
        float[] values = new float[terms.size()];
        int at = 0;
        for (float value : terms.values()) {
            values[at++] = value;
        }
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                "text " + version + " of " + id,
                fields,
                new SparseVector(
                        terms.keySet().stream().mapToInt(Integer::intValue).toArray(), values),
                9,
                false,
                origin(id, version));
    }

    /** The upsert without its text. */
    public static VectorRecord withoutText(VectorRecord upsert) {
        return new VectorRecord(
                upsert.id(),
                upsert.operation(),
                upsert.version(),
                null,
                upsert.fields(),
                upsert.vector(),
                upsert.tokens(),
                upsert.truncated(),
                upsert.origin());
    }

    /** A delete. */
    public static VectorRecord delete(String id, long version) {
        return VectorRecord.delete(id, version, origin(id, version));
    }

    /** A delete of an id that the same version of its document no longer has. */
    public static VectorRecord deleteReplaced(String id, long version) {
        return VectorRecord.deleteReplaced(id, version, origin(id, version));
    }

    /**
     * A change of a document that is split: upserts of its passages, with the fields that passages
     * have, and deletes of those that it no longer has.
     *
     * @param before the number of passages that it had
     * @param count the number of passages that it has; 0 for a delete
     */
    public static VectorRecord[] passages(String document, long version, int before, int count) {
        List<VectorRecord> records = new ArrayList<>();
        for (int passage = 0; passage < count; passage++) {
            Random random = new Random(31L * document.hashCode() + 977 * version + passage);
            TreeMap<Integer, Float> terms = new TreeMap<>();
            terms.put(TERM_OF_PASSAGES, 1f + passage);
            while (terms.size() < 8) {
                terms.put(random.nextInt(200), 0.01f + 3 * random.nextFloat());
            }
            long start = passage * (100 + version);
            String fields =
                    "{\"price\":%d,\"parent\":\"%s\",\"passage\":%d,\"start\":%d,\"end\":%d}"
                            .formatted(version, document, passage, start, start + 98);
            records.add(upsert(document + "#" + passage, version, fields, terms));
        }
        for (int passage = count; passage < before; passage++) {
            records.add(
                    count == 0
                            ? delete(document + "#" + passage, version)
                            : deleteReplaced(document + "#" + passage, version));
        }
        return records.toArray(VectorRecord[]::new);
    }

    private static SourceRecord origin(String id, long version) {
        byte[] key = id.getBytes(StandardCharsets.UTF_8);
        return SourceRecord.of("contract", Math.max(0, version), key, key);
    }

    /** The context of a sink, with a vocabulary that has unusual terms. */
    public static SinkContext context(Provenance provenance, boolean allowMixedModels) {
        return new SinkContext("contract", "contract", provenance, new Terms(), allowMixedModels);
    }

    private static final class Terms implements Vocabulary {

        private static final long serialVersionUID = 1L;

        private static final String[] UNUSUAL = {
            "[PAD]",
            ".",
            "..",
            "a.b",
            "##ing",
            "\"",
            "\\",
            "|",
            ",",
            ":",
            "^",
            "$",
            "é",
            "日",
            "\uD83D\uDE00",
            "'",
            "/",
            "*",
            "[unused993]",
            "_id",
            "-",
            "+",
            "1.5",
            "true",
            "null"
        };

        @Override
        public int size() {
            return TERMS;
        }

        @Override
        public String term(int index) {
            return index < UNUSUAL.length ? UNUSUAL[index] : "term" + index;
        }
    }
}
