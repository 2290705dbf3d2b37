package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FloatTextTest {

    private final FloatText text = new FloatText();

    private String of(float number) {
        StringBuilder written = new StringBuilder();
        text.append(number, written);
        return written.toString();
    }

    @ParameterizedTest
    @ValueSource(
            floats = {
                0.001f,
                0.0100001f,
                0.1f,
                0.5f,
                0.99999994f,
                1,
                1.0000001f,
                2.76658f,
                9.999999f,
                10,
                99.5f,
                100,
                123.456f,
                512,
                999.99994f,
                1000,
                0,
                -1.5f,
                0.0009999999f,
                1e-30f,
                3e38f,
                Float.NaN,
                Float.POSITIVE_INFINITY
            })
    void writesAsFloatToString(float number) {
        assertThat(of(number)).isEqualTo(Float.toString(number));
    }

    @Test
    void decimalsOfFewDigitsComeBackAsTheyWere() {
        for (int i = 1; i < 1_000_000; i += 7) {
            String decimal = Float.toString(Float.parseFloat(i + "e-3"));
            assertThat(of(Float.parseFloat(i + "e-3"))).isEqualTo(decimal);
        }
    }

    @Test
    void everyFloatIsReadAgainAsItself() {
        Random random = new Random(5);
        int first = Float.floatToIntBits(0.0005f);
        int last = Float.floatToIntBits(2000f);
        int longer = 0;
        for (int i = 0; i < 500_000; i++) {
            float number = Float.intBitsToFloat(first + random.nextInt(last - first));
            String written = of(number);
            if (Float.parseFloat(written) != number) {
                assertThat(written).isEqualTo(Float.toString(number));
            }
            if (written.length() > Float.toString(number).length()) {
                longer++;
            }
        }
        assertThat(longer).isZero();
    }

    @Test
    void powersOfTwoToo() {
        // below them floats lie closer together than above
        for (int bits = -11; bits < 11; bits++) {
            float power = (float) Math.pow(2, bits);
            for (float number : new float[] {Math.nextDown(power), power, Math.nextUp(power)}) {
                assertThat(Float.parseFloat(of(number))).isEqualTo(number);
            }
        }
    }
}
