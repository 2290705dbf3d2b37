package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.ConnectorException;
import java.nio.file.Path;
import java.util.Random;

/** The main class of a process that writes an index until it is killed or fails. */
final class WriterProcess {

    static final int DOCUMENTS_PER_CHECKPOINT = 20;

    private WriterProcess() {}

    /** Arguments: the directory, and the number of letters in the text of each document. */
    public static void main(String[] arguments) throws Exception {
        TestIndex index = new TestIndex(Path.of(arguments[0]));
        int letters = Integer.parseInt(arguments[1]);
        Random random = new Random(1);
        try (LuceneWriter writer = index.open()) {
            for (int i = 1; ; i++) {
                StringBuilder text = new StringBuilder();
                // Random CJK characters, which do not compress.
                random.ints(letters, 0x4e00, 0x9000).forEach(c -> text.append((char) c));
                writer.write(
                        TestIndex.upsert(
                                String.format("d%06d", i),
                                1,
                                text.toString(),
                                new int[] {1},
                                new float[] {1f}),
                        null);
                if (i % DOCUMENTS_PER_CHECKPOINT == 0) {
                    CommitPoint point = writer.snapshotState(i / DOCUMENTS_PER_CHECKPOINT).get(0);
                    System.out.println("commit " + point.checkpointId() + " " + point.name());
                }
            }
        } catch (ConnectorException e) {
            System.out.println("failed " + e.getMessage());
            System.exit(3);
        }
    }
}
