package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NoInferenceModelTest {

    @TempDir static Path cache;

    @Test
    void vectorsHaveAllTermsAndDependOnTheText() {
        try (SpladeEncoder encoder =
                SpladeEncoder.open(
                        NoInferenceModel.REFERENCE,
                        EncoderOptions.builder().cacheDirectory(cache.toString()).build())) {
            EncodedText car = encoder.encode("a car on the road", Role.DOCUMENT);
            int[] ids = encoder.tokenizer().tokenize("a car on the road", Role.DOCUMENT).ids();
            int rest = IntStream.of(ids).sum() % 254;
            assertThat(car.tokens()).isEqualTo(7);
            assertThat(car.vector().indices())
                    .containsExactly(IntStream.range(0, 120).map(i -> i * 254 + rest).toArray());
            float scale = 1 + rest / 1024f;
            assertThat(car.vector().values()).hasSize(120);
            assertThat(car.vector().values()[0])
                    .isCloseTo(2.9f * scale, org.assertj.core.data.Offset.offset(1e-5f));
            assertThat(car.vector().values()[119]).isPositive();

            EncodedText other = encoder.encode("two words", Role.DOCUMENT);
            assertThat(other.vector().indices()).hasSize(120);
            assertThat(other.vector().indices()[0]).isNotEqualTo(car.vector().indices()[0]);
        }
    }
}
