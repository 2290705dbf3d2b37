package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.contract.Corpus;
import java.util.TreeMap;
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
    void keepsTheFieldsThatAPassageHasOfItsOwn() {
        String fields =
                "{\"title\":\"x\",\"a\":1,\"parent\":\"b#1\",\"passage\":2,\"start\":0,\"end\":9}";
        assertThat(select("?fields=a", "b#1#2", fields))
                .isEqualTo("{\"a\":1,\"parent\":\"b#1\",\"passage\":2,\"start\":0,\"end\":9}");
        assertThat(select("?fields=", "b#1#2", fields))
                .isEqualTo("{\"parent\":\"b#1\",\"passage\":2,\"start\":0,\"end\":9}");
        assertThat(select("", "b#1#2", fields)).isSameAs(fields);
        // a document that only has such fields
        assertThat(select("?fields=a", "b#1", fields)).isEqualTo("{\"a\":1}");
        assertThat(select("?fields=a", "c#1#2", fields)).isEqualTo("{\"a\":1}");
        assertThat(select("?fields=a", "b#1#3", fields)).isEqualTo("{\"a\":1}");
    }

    private static String select(String options, String id, String fields) {
        VectorRecord record = Corpus.upsert(id, 1, fields, new TreeMap<>());
        return selection(options).of(record).select(fields);
    }

    @Test
    void failsForFieldsThatAreNotJson() {
        assertThatThrownBy(() -> selection("?fields=a").select("{"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not a JSON object");
    }
}
