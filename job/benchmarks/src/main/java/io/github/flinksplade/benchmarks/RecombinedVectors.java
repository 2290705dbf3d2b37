package io.github.flinksplade.benchmarks;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.vector.SparseVector;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Any number of documents from fewer encoded texts. A document consists of two texts; its vector
 * has the larger weight that a term has in either of them, and the {@value #MAX_TERMS} largest
 * weights. It is not quite the vector of the joined text, but has the terms and weights of a model.
 * The documents are deterministic.
 *
 * @param texts at least two
 * @param vectors those of the texts
 */
record RecombinedVectors(
        Provenance provenance, List<String> texts, List<SparseVector> vectors, int documents)
        implements VectorSource {

    private static final long serialVersionUID = 1L;

    static final int MAX_TERMS = 160;

    @Override
    public long positions() {
        return documents;
    }

    @Override
    public Reader open() {
        return new Reader() {
            @Override
            public VectorRecord read(long position) {
                return document((int) position);
            }

            @Override
            public void close() {}
        };
    }

    private VectorRecord document(int number) {
        Random random = new Random(number);
        int first = random.nextInt(texts.size());
        int second = (first + 1 + random.nextInt(texts.size() - 1)) % texts.size();
        String text = texts.get(first) + ". " + texts.get(second);
        SparseVector vector =
                largest(SparseVector.max(List.of(vectors.get(first), vectors.get(second))));
        return new VectorRecord(
                "d" + number,
                Operation.UPSERT,
                1,
                text,
                "{\"number\":" + number + "}",
                vector,
                vector.size(),
                false,
                SourceRecord.of("bench", number, null, null));
    }

    private static SparseVector largest(SparseVector vector) {
        if (vector.size() <= MAX_TERMS) {
            return vector;
        }
        int[] kept = Arrays.copyOf(vector.byWeight(), MAX_TERMS);
        Arrays.sort(kept);
        int[] indices = new int[MAX_TERMS];
        float[] values = new float[MAX_TERMS];
        for (int i = 0; i < MAX_TERMS; i++) {
            indices[i] = vector.indices()[kept[i]];
            values[i] = vector.values()[kept[i]];
        }
        return new SparseVector(indices, values);
    }
}
