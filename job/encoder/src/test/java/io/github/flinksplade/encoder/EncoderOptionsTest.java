package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class EncoderOptionsTest {

    private static EncoderOptions.Builder everythingChanged() {
        return EncoderOptions.builder()
                .documentTokens(1)
                .queryTokens(2)
                .documentPruning(Pruning.parse("top_k=3"))
                .queryPruning(Pruning.parse("top_k=4"))
                .threads(5)
                .precision(Precision.INT8)
                .device(Device.CPU)
                .batchTokens(6)
                .deviceMemory(7)
                .sha256("8")
                .queryModel("9")
                .cacheDirectory("10");
    }

    @Test
    void builderSetsEveryOption() {
        assertThat(everythingChanged().build())
                .isEqualTo(
                        new EncoderOptions(
                                1,
                                2,
                                Pruning.parse("top_k=3"),
                                Pruning.parse("top_k=4"),
                                5,
                                Precision.INT8,
                                Device.CPU,
                                6,
                                7,
                                "8",
                                "9",
                                "10"));
    }

    @Test
    void toBuilderKeepsEveryOption() {
        EncoderOptions options = everythingChanged().build();
        assertThat(options.toBuilder().build()).isEqualTo(options);
        assertThat(options.toBuilder().threads(11).build())
                .isEqualTo(everythingChanged().threads(11).build())
                .isNotEqualTo(options);
    }

    @Test
    void builderStartsFromTheDefaults() {
        assertThat(EncoderOptions.builder().build()).isEqualTo(EncoderOptions.defaults());
        assertThat(EncoderOptions.defaults())
                .isEqualTo(
                        new EncoderOptions(
                                0,
                                0,
                                Pruning.NONE,
                                Pruning.NONE,
                                0,
                                Precision.FP32,
                                Device.AUTO,
                                0,
                                0,
                                null,
                                null,
                                null));
    }

    @Test
    void settersRejectInvalidValues() {
        List<Consumer<EncoderOptions.Builder>> negative =
                List.of(
                        builder -> builder.documentTokens(-1),
                        builder -> builder.queryTokens(-1),
                        builder -> builder.threads(-1),
                        builder -> builder.batchTokens(-1),
                        builder -> builder.deviceMemory(-1));
        for (Consumer<EncoderOptions.Builder> setter : negative) {
            assertThatThrownBy(() -> setter.accept(EncoderOptions.builder()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith(" must not be negative: -1; use 0 for the default");
        }
        List<Consumer<EncoderOptions.Builder>> missing =
                List.of(
                        builder -> builder.documentPruning(null),
                        builder -> builder.queryPruning(null),
                        builder -> builder.precision(null),
                        builder -> builder.device(null));
        for (Consumer<EncoderOptions.Builder> setter : missing) {
            assertThatThrownBy(() -> setter.accept(EncoderOptions.builder()))
                    .isInstanceOf(NullPointerException.class);
        }
    }
}
