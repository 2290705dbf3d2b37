package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compiles and runs the example of the package's documentation. */
class LibraryExampleTest {

    private static final Path PACKAGE = Path.of("io/github/flinksplade/encoder");

    @Test
    void exampleRuns(@TempDir Path directory) {
        String model = new RandomMaskedLanguageModel().write(directory.resolve("model")).toString();
        List<String> texts = List.of("hello world", "the house");
        Map<String, Double> results = new HashMap<>();
        Map<String, Float> weights = new HashMap<>();

        // example
        EncoderOptions options =
                EncoderOptions.builder()
                        .documentTokens(48)
                        .queryPruning(Pruning.parse("top_k=20"))
                        .build();
        try (SpladeEncoder encoder = SpladeEncoder.open(model, options);
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            // one text on the calling thread
            EncodedText query = encoder.encode("hello world", Role.QUERY);

            // many texts, which the batcher groups
            List<CompletableFuture<EncodedText>> documents = new ArrayList<>();
            for (String text : texts) {
                documents.add(batcher.submit(text, Role.DOCUMENT));
            }
            for (int i = 0; i < texts.size(); i++) {
                EncodedText document = documents.get(i).join();
                double score = query.vector().dot(document.vector());
                results.put(texts.get(i), score);
            }

            // the terms of a vector
            for (int i = 0; i < query.vector().size(); i++) {
                String term = encoder.tokenizer().term(query.vector().indices()[i]);
                weights.put(term, query.vector().values()[i]);
            }
        }
        // end of example

        assertThat(results).containsOnlyKeys(texts);
        assertThat(results.get("hello world")).isGreaterThan(results.get("the house"));
        assertThat(weights).hasSize(20);
    }

    @Test
    void documentationContainsTheExample() throws IOException {
        List<String> source =
                Files.readAllLines(
                        Path.of("src/test/java")
                                .resolve(PACKAGE)
                                .resolve(getClass().getSimpleName() + ".java"));
        List<String> example =
                source
                        .subList(
                                source.indexOf("        // example") + 1,
                                source.indexOf("        // end of example"))
                        .stream()
                        .map(line -> line.isEmpty() ? " *" : " * " + line.substring(8))
                        .toList();
        assertThat(example).hasSizeGreaterThan(20);
        assertThat(
                        Files.readAllLines(
                                Path.of("src/main/java")
                                        .resolve(PACKAGE)
                                        .resolve("package-info.java")))
                .containsSequence(example);
    }
}
