package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks the structure of the report, and that the encoder agrees with the reference. */
class EncodeBenchmarkTest {

    private static final List<String> TEXTS =
            IntStream.range(0, 40)
                    .mapToObj(i -> "a car on the road ".repeat(1 + i % 9) + "number " + i)
                    .toList();

    @TempDir static Path cache;

    private static EncoderOptions options() {
        return EncoderOptions.builder().threads(2).cacheDirectory(cache.toString()).build();
    }

    @Test
    void reportsTheResultOfEveryContender() throws Exception {
        List<String> messages = new ArrayList<>();
        EncodeBenchmark.Report report =
                new EncodeBenchmark(
                                "synthetic:minilm",
                                options(),
                                new Precision[] {Precision.FP32, Precision.INT8},
                                TEXTS,
                                1,
                                100,
                                Progress.SILENT,
                                messages::add)
                        .run();
        JsonNode json = new ObjectMapper().readTree(report.toJson());
        assertThat(json.at("/machine/cores").asInt()).isEqualTo(2);
        assertThat(json.at("/machine/gemmGflops").asDouble()).isPositive();
        assertThat(json.at("/model/name").asText()).isEqualTo("synthetic:minilm");
        assertThat(json.get("results"))
                .extracting(result -> result.get("name").asText())
                .containsExactly("reference", "reference-lean", "fp32", "int8");
        for (JsonNode result : json.get("results")) {
            assertThat(result.get("docsPerSecond").asDouble()).isPositive();
            assertThat(result.get("gflops").asDouble()).isPositive();
        }
        assertThat(json.at("/results/0/ofReference").asDouble()).isEqualTo(1);
        assertThat(json.at("/results/0/paddingShare").asDouble()).isPositive();
        // all contenders compute the same vectors
        assertThat(json.at("/results/0/maxDifference").asDouble()).isLessThan(1e-4);
        assertThat(json.at("/results/2/maxDifference").asDouble()).isLessThan(1e-4);
        assertThat(json.at("/results/2/paddingShare").asDouble()).isZero();
        assertThat(json.at("/results/3/maxDifference").asDouble()).isPositive();
        assertThat(json.at("/results/3/topOverlap").asDouble()).isGreaterThan(.5);
        if (Files.isReadable(Path.of("/proc/self/status"))) {
            assertThat(json.at("/results/3/earlyRssBytes").asLong()).isGreaterThan(1 << 20);
            assertThat(json.at("/results/3/rssBytes").asLong()).isGreaterThan(1 << 20);
        }
        assertThat(report.toText()).contains("reference-lean", "int8", "RSS MB");
        assertThat(messages).isNotEmpty();
    }

    @Test
    void syntheticModelIsDeterministic() {
        ModelFiles files = ModelStore.resolve("synthetic:minilm", options(), Progress.SILENT);
        EncoderOptions elsewhere =
                options().toBuilder().cacheDirectory(cache.resolve("elsewhere").toString()).build();
        assertThat(ModelStore.resolve("synthetic:minilm", elsewhere, Progress.SILENT).sha256())
                .isEqualTo(files.sha256());
        try (SpladeEncoder encoder = SpladeEncoder.open("synthetic:minilm", options())) {
            SparseVector vector = encoder.encode("a car on the road", Role.DOCUMENT).vector();
            assertThat(vector.size()).isBetween(1, 3000);
        }
    }

    @Test
    void rejectsAnUnknownShape() {
        assertThatThrownBy(() -> ModelStore.resolve("synthetic:bert", options(), Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("'bert'")
                .hasMessageContaining("synthetic:bert-base");
    }

    @Test
    void unigramTokenizerHasTheVocabularySizeOfXlmR(@TempDir Path directory) throws IOException {
        SyntheticTokenizer.write(SyntheticModel.Shape.XLM_R, directory);
        JsonNode tokenizer =
                new ObjectMapper().readTree(directory.resolve("tokenizer.json").toFile());
        // <mask> is the last term, an added one
        assertThat(tokenizer.at("/model/vocab").size())
                .isEqualTo(SyntheticModel.Shape.XLM_R.vocabulary - 1);
    }

    @Test
    void readsTextsFromJsonOrLines(@TempDir Path directory) throws IOException {
        Path json = directory.resolve("a.jsonl");
        Files.writeString(json, "{\"text\":\"one\"}\n\n{\"text\":\"two\"}\n");
        assertThat(EncodeBenchmark.read(json, 10)).containsExactly("one", "two");
        assertThat(EncodeBenchmark.read(json, 1)).containsExactly("one");
        Path text = directory.resolve("a.txt");
        Files.writeString(text, "one\ntwo\n");
        assertThat(EncodeBenchmark.read(text, 10)).containsExactly("one", "two");
        Files.writeString(json, "{\"text\":\"one\"}\n{\"body\":\"two\"}\n");
        assertThatThrownBy(() -> EncodeBenchmark.read(json, 10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 2");
        Files.writeString(text, "\n");
        assertThatThrownBy(() -> EncodeBenchmark.read(text, 10))
                .hasMessageContaining("contains no texts");
    }
}
