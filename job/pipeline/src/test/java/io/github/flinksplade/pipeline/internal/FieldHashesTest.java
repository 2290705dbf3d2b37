package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FieldHashesTest {

    private static FieldHashes of(String fields) {
        return FieldHashes.of(FieldHashes.parse(fields), false);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\":1,\"b\":2} | {\"b\":2,\"a\":1}",
                "{\"a\":{\"x\":[1],\"y\":null}} | {\"a\":{\"y\":null,\"x\":[1]}}",
                "{\"a\":1.0} | {\"a\":1}",
                "{\"a\":1.50} | {\"a\":1.5}",
                "{\"a\":1E2} | {\"a\":100}",
                "{\"a\":12345678901234567890} | {\"a\":1.2345678901234567E19}",
                "{\"a\":\"\\u00e9\"} | {\"a\":\"\u00e9\"}"
            })
    void sameValuesInOtherNotationAreEqual(String left, String right) {
        assertThat(of(left).differing(of(right))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\":1} | {\"a\":2}",
                "{\"a\":1} | {\"a\":\"1\"}",
                "{\"a\":null} | {}",
                "{} | {\"a\":false}",
                "{\"a\":[1,2]} | {\"a\":[2,1]}",
                "{\"a\":[12]} | {\"a\":[1,2]}",
                "{\"a\":{\"b\":{}}} | {\"a\":{\"b\":[]}}",
                "{\"a\":9007199254740993} | {\"a\":9007199254740992}"
            })
    void otherValuesDiffer(String left, String right) {
        assertThat(of(left).differing(of(right))).isEqualTo(List.of("a"));
        assertThat(of(right).differing(of(left))).isEqualTo(List.of("a"));
    }

    @Test
    void namesTheFieldsThatDiffer() {
        assertThat(
                        of("{\"a\":1,\"c\":3,\"d\":4,\"e\":5}")
                                .differing(of("{\"b\":2,\"c\":3,\"d\":0,\"f\":6}")))
                .containsExactly("a", "b", "d", "e", "f");
    }

    @Test
    void leavesOutTheFieldsOfAPassage() {
        FieldHashes passage =
                FieldHashes.of(
                        FieldHashes.parse(
                                "{\"a\":1,\"parent\":\"x\",\"passage\":0,\"start\":0,\"end\":9}"),
                        true);
        assertThat(passage.names()).containsExactly("a");
    }
}
