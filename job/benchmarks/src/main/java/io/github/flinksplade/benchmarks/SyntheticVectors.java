package io.github.flinksplade.benchmarks;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Precomputed vectors: real texts with about 120 random terms each, a few of them frequent and most
 * of them rare, as those of a model. They are deterministic.
 *
 * @param round part of the ids, so that each round writes new documents
 */
record SyntheticVectors(
        Provenance provenance, List<String> texts, int documents, int round, int terms)
        implements VectorSource {

    private static final long serialVersionUID = 1L;

    /** Terms of a vector, on average. */
    static final int MEAN_TERMS = 120;

    /** {@link System#nanoTime} when the last reader was opened; one job runs at a time. */
    private static volatile long openedAt;

    static long openedAt() {
        return openedAt;
    }

    @Override
    public long positions() {
        return documents;
    }

    @Override
    public Reader open() {
        openedAt = System.nanoTime();
        return new Reader() {
            @Override
            public VectorRecord read(long position) {
                return vector((int) position);
            }

            @Override
            public void close() {}
        };
    }

    private VectorRecord vector(int number) {
        Random random = new Random(number);
        int[] samples = new int[MEAN_TERMS / 2 + random.nextInt(MEAN_TERMS + 1)];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (int) (terms * Math.pow(random.nextDouble(), 3));
        }
        int[] indices = Arrays.stream(samples).sorted().distinct().toArray();
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = .01f + 2.5f * random.nextFloat() * random.nextFloat();
        }
        String id = "r" + round + "-" + number;
        String text = texts.get(number % texts.size());
        return new VectorRecord(
                id,
                Operation.UPSERT,
                1,
                text,
                "{\"number\":" + number + "}",
                new SparseVector(indices, values),
                indices.length,
                false,
                SourceRecord.of(
                        "bench",
                        number,
                        id.getBytes(StandardCharsets.UTF_8),
                        text.getBytes(StandardCharsets.UTF_8)));
    }
}
