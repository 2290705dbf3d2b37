package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class FieldSelectionTest {

    private static final String FIELDS =
            "{\"a\":1.50,\"b\":{\"c\":[12345678901234567890,null]},\"d\":\"x\"}";

    private static FieldSelection selection(String options) {
        return FieldSelection.of(ConnectorUri.parse("x:y" + options));
    }

    @Test
    void selectsAllFieldsByDefault() {
        assertThat(selection("").contains("a")).isTrue();
        assertThat(selection("").select(FIELDS)).isSameAs(FIELDS);
    }

    @Test
    void selectsFieldsByNameWithoutRoundingNumbers() {
        FieldSelection selection = selection("?fields=b,a,e");
        assertThat(selection.contains("a")).isTrue();
        assertThat(selection.contains("d")).isFalse();
        assertThat(selection.select(FIELDS))
                .isEqualTo("{\"a\":1.50,\"b\":{\"c\":[12345678901234567890,null]}}");
    }

    @Test
    void selectsNoFieldsForAnEmptyOption() {
        assertThat(selection("?fields=").contains("a")).isFalse();
        assertThat(selection("?fields=").contains("")).isFalse();
        assertThat(selection("?fields=").select(FIELDS)).isEqualTo("{}");
    }

    @Test
    void failsForFieldsThatAreNotJson() {
        assertThatThrownBy(() -> selection("?fields=a").select("{"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not a JSON object");
    }
}
