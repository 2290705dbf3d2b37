package io.github.flinksplade.app;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.LocalRun;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.vector.SparseVector;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Vectors of a corpus that are not encoded, and in which faults are planted. Every hundredth
 * document is stored in three passages; the documents with an even number have versions.
 */
final class PlantedVectors implements VectorSource {

    private static final long serialVersionUID = 1L;

    /** What is wrong with a document in the index. */
    enum Fault {
        ABSENT,
        DELETED,
        TEXT,
        FIELDS,
        OLDER,
        NEWER,
        ENCODER,
        PASSAGE_0,
        PASSAGE_1,
        PASSAGE_2
    }

    /** The passages of a document, and the number of positions for each document. */
    private static final int PARTS = 3;

    private static final long VERSION = 5;
    private static final String PART = "This is part %d of document %d.";

    private final Provenance provenance;
    private final int documents;
    private final int extra;
    private final TreeMap<Integer, Fault> faults;
    private final boolean isSecondRun;

    private PlantedVectors(
            Provenance provenance,
            int documents,
            int extra,
            TreeMap<Integer, Fault> faults,
            boolean isSecondRun) {
        this.provenance = provenance;
        this.documents = documents;
        this.extra = extra;
        this.faults = faults;
        this.isSecondRun = isSecondRun;
    }

    /** Whether a document is stored in passages. */
    static boolean isLong(int document) {
        return document % 100 == 0;
    }

    private static boolean hasVersion(int document) {
        return document % 2 == 0;
    }

    static String id(int document) {
        return "doc-" + document;
    }

    private static String text(int document) {
        return isLong(document)
                ? PART.formatted(0, document)
                        + " "
                        + PART.formatted(1, document)
                        + "\n\n"
                        + PART.formatted(2, document)
                : PART.formatted(0, document);
    }

    /** Writes the corpus without faults. */
    static void writeCorpus(Path file, int documents) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < documents; i++) {
                out.write("{\"id\":\"" + id(i) + "\",\"text\":\"");
                out.write(text(i).replace("\n", "\\n"));
                out.write(
                        "\",\"n\":" + i + (hasVersion(i) ? ",\"version\":" + VERSION : "") + "}\n");
            }
        }
    }

    /**
     * Writes an index of the corpus: without the vectors of another encoder, then these with that
     * encoder, and the deletes.
     *
     * @param extra number of documents that the corpus does not contain
     */
    static void index(
            Path directory, String index, int documents, int extra, Map<Integer, Fault> faults)
            throws Exception {
        for (boolean isSecondRun : new boolean[] {false, true}) {
            Provenance provenance =
                    new Provenance(
                            "builtin:minilm",
                            "0".repeat(63) + (isSecondRun ? "2" : "1"),
                            "0".repeat(64),
                            "fp32",
                            "none",
                            128);
            PlantedVectors vectors =
                    new PlantedVectors(
                            provenance, documents, extra, new TreeMap<>(faults), isSecondRun);
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            Console console =
                    new Console(
                            new ByteArrayInputStream(new byte[0]),
                            new ByteArrayOutputStream(),
                            new PrintStream(err, true, StandardCharsets.UTF_8),
                            false,
                            false);
            JobSettings settings =
                    JobSettings.of(
                            Map.of(
                                    "from",
                                    Given.of("here", "planted:vectors"),
                                    "to",
                                    Given.of("here", index),
                                    "dead-letters",
                                    Given.of("here", "file:" + directory.resolve("dead.jsonl")),
                                    "allow-mixed-models",
                                    Given.of("here", "true")),
                            Connectors.all().keySet());
            int code =
                    new LocalRun(
                                    settings,
                                    checked -> JobPlan.copying(checked, vectors, "builtin:minilm"),
                                    console,
                                    false,
                                    false)
                            .run();
            if (code != 0) {
                throw new IllegalStateException(err.toString(StandardCharsets.UTF_8));
            }
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public long positions() {
        return (long) (documents + extra) * PARTS;
    }

    @Override
    public Reader open() {
        return new Reader() {
            @Override
            public VectorRecord read(long position) {
                return record((int) (position / PARTS), (int) (position % PARTS));
            }

            @Override
            public void close() {}
        };
    }

    private VectorRecord record(int document, int part) {
        Fault fault = faults.get(document);
        if (isSecondRun && fault == Fault.DELETED && part == 0) {
            return VectorRecord.delete(id(document), VERSION, origin(document));
        }
        boolean isWritten =
                fault != Fault.ABSENT
                        && !(fault == Fault.PASSAGE_0 && part == 0)
                        && !(fault == Fault.PASSAGE_1 && part == 1)
                        && !(fault == Fault.PASSAGE_2 && part == 2)
                        && isSecondRun == (fault == Fault.ENCODER)
                        && (part == 0 || isLong(document) && document < documents);
        if (!isWritten) {
            return null;
        }
        long version =
                fault == Fault.OLDER ? VERSION - 1 : fault == Fault.NEWER ? VERSION + 1 : VERSION;
        String fields = "{\"n\":" + (fault == Fault.FIELDS ? -1 : document) + "}";
        boolean isOtherText = fault == Fault.TEXT || fault == Fault.OLDER || fault == Fault.NEWER;
        if (document >= documents || !isLong(document)) {
            String text = text(document) + (isOtherText ? " Or not." : "");
            return record(id(document), version, text, fields, document);
        }
        String text = text(document);
        String passage = PART.formatted(part, document);
        int start = text.indexOf(passage);
        return record(
                id(document) + "#" + part,
                version,
                passage + (isOtherText && part == 1 ? " Or not." : ""),
                fields.replace(
                        "}",
                        ",\"parent\":\"%s\",\"passage\":%d,\"start\":%d,\"end\":%d}"
                                .formatted(id(document), part, start, start + passage.length())),
                document);
    }

    private static VectorRecord record(
            String id, long version, String text, String fields, int document) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                text,
                fields,
                new SparseVector(new int[] {document % 1000 + 1}, new float[] {1}),
                9,
                false,
                origin(document));
    }

    private static SourceRecord origin(int document) {
        return SourceRecord.of("planted", document, null, null);
    }
}
