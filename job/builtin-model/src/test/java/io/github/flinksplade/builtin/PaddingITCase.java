package io.github.flinksplade.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SimulatedDevice;
import io.github.flinksplade.encoder.SimulatedDevice.Document;
import io.github.flinksplade.encoder.SimulatedDevice.Order;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The share of padding in batches of real texts, for an engine that pads; see docs/performance.md.
 */
class PaddingITCase {

    /** Next to the repository, if the project's measuring data is available. */
    private static final Path TEXTS =
            Path.of("../../../shared/data/debian/corpus.jsonl").toAbsolutePath().normalize();

    private static final int TOKENS = 4096;

    @Test
    void backlogOfRealTextsHasLittlePadding() throws IOException {
        assumeTrue(Files.exists(TEXTS), TEXTS + " does not exist: nothing to measure");
        List<Integer> lengths = lengths();
        System.out.println("| waiting | documents | planner | sorted | arrival | work |");
        for (int waiting : new int[] {250, 1000, 5000}) {
            for (int maxDocuments : new int[] {32, 128}) {
                Engine.Limits limits = new Engine.Limits(1, maxDocuments, TOKENS, false);
                List<Document> documents = new ArrayList<>();
                for (int i = 0; i < waiting; i++) {
                    documents.add(new Document(i, lengths.get(i), 0, SimulatedDevice.NEVER));
                }
                SimulatedDevice planner =
                        SimulatedDevice.run(Order.PLANNER, batch -> limits, documents);
                double sorted =
                        SimulatedDevice.run(Order.SORTED, batch -> limits, documents).padding();
                double arrival =
                        SimulatedDevice.run(Order.ARRIVAL, batch -> limits, documents).padding();
                double work = (double) planner.now / SimulatedDevice.minWork(documents, limits);
                System.out.printf(
                        "| %d | %d | %.1f %% | %.1f %% | %.1f %% | %.2f |%n",
                        waiting,
                        maxDocuments,
                        planner.padding() * 100,
                        sorted * 100,
                        arrival * 100,
                        work);
                String name = waiting + " documents waiting, " + limits;
                assertThat(planner.padding()).as(name).isLessThan(arrival / 2);
                if (waiting >= 1000) {
                    assertThat(planner.padding()).as(name).isLessThan(sorted + .05);
                }
            }
        }
    }

    /** The sequence lengths of the texts, as the built-in model truncates them. */
    private static List<Integer> lengths() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<Integer> lengths = new ArrayList<>();
        try (SpladeEncoder encoder =
                SpladeEncoder.open(
                        "builtin:minilm",
                        EncoderOptions.builder().cacheDirectory("target/cache").build())) {
            for (String line : Files.readAllLines(TEXTS)) {
                String text = mapper.readTree(line).get("text").asText();
                lengths.add(encoder.tokenizer().tokenize(text, Role.DOCUMENT).ids().length);
            }
        }
        return lengths;
    }
}
