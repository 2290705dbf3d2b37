package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.vector.SparseVector;
import org.junit.jupiter.api.Test;

/** The vector on the model card of Splade_PP_en_v1. */
class GoldenVectorTest {

    private static final int[] TERMS = {
        2040, 2047, 2088, 2299, 2748, 3011, 3376, 3795, 4774, 5304, 5798, 6160, 7592, 7632, 8484
    };
    private static final double[] WEIGHTS = {
        .42195, .43201, 2.76658, .33146, 1.39517, .02160, .43771, .000837, .51872, .17125, .14742,
        .81428, 2.80326, 2.19043, 1.05314
    };

    @Test
    void matchesTheModelCard() {
        String model = System.getenv("FLINK_SPLADE_TEST_MODEL");
        assumeTrue(
                model != null && !model.isBlank(),
                "FLINK_SPLADE_TEST_MODEL is not set to an export of Splade_PP_en_v1");
        try (SpladeEncoder encoder = SpladeEncoder.open(model, EncoderOptions.defaults())) {
            SparseVector vector = encoder.encode("Hello World", Role.DOCUMENT).vector();
            assertThat(vector.indices()).containsExactly(TERMS);
            for (int i = 0; i < TERMS.length; i++) {
                assertThat((double) vector.values()[i])
                        .as(encoder.tokenizer().term(TERMS[i]))
                        .isCloseTo(WEIGHTS[i], within(1e-3));
            }
        }
    }
}
