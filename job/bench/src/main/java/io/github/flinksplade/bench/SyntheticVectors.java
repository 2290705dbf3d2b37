package io.github.flinksplade.bench;

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
 * Vectors that are ready: real texts with some 120 random terms each, few of them common and most
 * of them rare, as a model's are. The same ones each time.
 *
 * @param round begins the ids, so that each round writes new documents
 */
record SyntheticVectors(
        Provenance provenance, List<String> texts, int documents, int round, int terms)
        implements VectorSource {

    private static final long serialVersionUID = 1L;

    /** Terms of a vector, on average. */
    static final int MEAN_TERMS = 120;

    /** When the last reader was opened, by {@link System#nanoTime()}; one job runs at a time. */
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
        int[] drawn = new int[MEAN_TERMS / 2 + random.nextInt(MEAN_TERMS + 1)];
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = (int) (terms * Math.pow(random.nextDouble(), 3));
        }
        int[] indices = Arrays.stream(drawn).sorted().distinct().toArray();
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
