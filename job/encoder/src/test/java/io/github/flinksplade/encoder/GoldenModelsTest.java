package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The vectors of small models in the layouts in which the transformers and sentence-transformers
 * libraries save them, against those that the libraries compute.
 * src/test/resources/models/README.md describes the models.
 */
class GoldenModelsTest {

    private static final Path MODELS = Path.of("src/test/resources/models");

    /** Files in a format that can contain programs, and a formula that no file states. */
    private static final List<String> NOT_COMPARED = List.of("bge-m3-bin", "opensearch-v3");

    @TempDir Path cache;

    /** A text with the vector that the library computes. */
    private record Expected(Role role, String text, Map<Integer, Double> vector) {}

    static List<String> models() throws IOException {
        try (Stream<Path> files = Files.list(MODELS)) {
            return files.filter(Files::isDirectory)
                    .map(file -> file.getFileName().toString())
                    .filter(Predicate.not(NOT_COMPARED::contains))
                    .sorted()
                    .collect(Collectors.toList());
        }
    }

    private static List<Expected> expected(String model) throws IOException {
        List<Expected> all = new ArrayList<>();
        for (String line : Files.readAllLines(MODELS.resolve(model).resolve("expected.jsonl"))) {
            JsonNode json = new ObjectMapper().readTree(line);
            Map<Integer, Double> vector = new TreeMap<>();
            for (int i = 0; i < json.get("indices").size(); i++) {
                vector.put(
                        json.get("indices").get(i).intValue(),
                        json.get("values").get(i).doubleValue());
            }
            all.add(
                    new Expected(
                            json.get("role").asText().equals("query") ? Role.QUERY : Role.DOCUMENT,
                            json.get("text").asText(),
                            vector));
        }
        return all;
    }

    private EncoderOptions options(Precision precision, String device) {
        return EncoderOptions.builder()
                .cacheDirectory(cache.toString())
                .precision(precision)
                .device(Device.parse(device))
                .build();
    }

    /** The largest difference of a weight, absent ones counted as 0. */
    private static double difference(SparseVector found, Map<Integer, Double> expected) {
        Map<Integer, Double> left = new TreeMap<>(expected);
        double max = 0;
        for (int i = 0; i < found.size(); i++) {
            Double weight = left.remove(found.indices()[i]);
            max = Math.max(max, Math.abs(found.values()[i] - (weight == null ? 0 : weight)));
        }
        for (double weight : left.values()) {
            max = Math.max(max, weight);
        }
        return max;
    }

    private void assertMatches(String model, EncoderOptions options, double tolerance)
            throws IOException {
        List<Expected> all = expected(model);
        assertThat(all).hasSizeGreaterThan(10);
        try (SpladeEncoder encoder =
                SpladeEncoder.open(MODELS.resolve(model).toString(), options)) {
            for (Role role : Role.values()) {
                List<Expected> ofRole =
                        all.stream().filter(expected -> expected.role() == role).toList();
                List<EncodedText> found =
                        encoder.encode(ofRole.stream().map(Expected::text).toList(), role);
                for (int i = 0; i < found.size(); i++) {
                    assertThat(difference(found.get(i).vector(), ofRole.get(i).vector()))
                            .as("%s, %s: '%s'", model, role, ofRole.get(i).text())
                            .isCloseTo(0, within(tolerance));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void matchTheLibraries(String model) throws IOException {
        assertMatches(model, options(Precision.FP32, "cpu"), 1e-4);
    }

    @ParameterizedTest
    @MethodSource("models")
    void matchTheLibrariesByTheGraphOfGpus(String model) throws IOException {
        assertMatches(model, options(Precision.FP32, "cpu-emulation"), 1e-4);
    }

    /** Only matrices of some size are quantized: of these models, those of the decoders. */
    @ParameterizedTest
    @ValueSource(strings = {"bert-padded-vocab", "gte-ntk", "modernbert", "roberta", "vocab-cased"})
    void int8IsClose(String model) throws IOException {
        List<String> texts = expected(model).stream().map(Expected::text).distinct().toList();
        String path = MODELS.resolve(model).toString();
        try (SpladeEncoder exact = SpladeEncoder.open(path, options(Precision.FP32, "cpu"));
                SpladeEncoder quantized =
                        SpladeEncoder.open(path, options(Precision.INT8, "cpu"))) {
            assertThat(quantized.info().precision()).isEqualTo("int8");
            assertThat(quantized.info().sha256()).isEqualTo(exact.info().sha256());
            for (String text : texts) {
                SparseVector expected = exact.encode(text, Role.DOCUMENT).vector();
                SparseVector found = quantized.encode(text, Role.DOCUMENT).vector();
                double cosine =
                        expected.dot(found) / Math.sqrt(expected.dot(expected) * found.dot(found));
                assertThat(cosine).as(text).isGreaterThan(.995);
            }
        }
    }

    @Test
    void formatsThatCanContainProgramsAreRejected() {
        assertThatThrownBy(
                        () ->
                                SpladeEncoder.open(
                                        MODELS.resolve("bge-m3-bin").toString(),
                                        options(Precision.FP32, "cpu")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("pytorch_model.bin")
                .hasMessageContaining("safetensors");
    }
}
