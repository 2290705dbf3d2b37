package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FieldFilterTest {

    private static boolean matches(String fields, Map<String, Set<String>> filter)
            throws Exception {
        return new FieldFilter(filter).matches(new ObjectMapper().readTree(fields));
    }

    @Test
    void comparesTheTextsOfValues() throws Exception {
        String fields = "{\"ward\":\"B2\",\"floor\":7,\"open\":true,\"price\":7.5,\"none\":null}";
        assertThat(matches(fields, Map.of("ward", Set.of("B2")))).isTrue();
        assertThat(matches(fields, Map.of("ward", Set.of("b2")))).isFalse();
        assertThat(matches(fields, Map.of("ward", Set.of("A1", "B2")))).isTrue();
        assertThat(matches(fields, Map.of("floor", Set.of("7")))).isTrue();
        assertThat(matches(fields, Map.of("floor", Set.of("7.0")))).isFalse();
        assertThat(matches(fields, Map.of("open", Set.of("true")))).isTrue();
        assertThat(matches(fields, Map.of("price", Set.of("7.5")))).isTrue();
        assertThat(matches(fields, Map.of("none", Set.of("null")))).isFalse();
        assertThat(matches(fields, Map.of("missing", Set.of("")))).isFalse();
    }

    @Test
    void requiresEveryField() throws Exception {
        String fields = "{\"a\":1,\"b\":2}";
        assertThat(matches(fields, Map.of("a", Set.of("1"), "b", Set.of("2")))).isTrue();
        assertThat(matches(fields, Map.of("a", Set.of("1"), "b", Set.of("3")))).isFalse();
    }

    @Test
    void findsValuesInArraysAndObjects() throws Exception {
        String fields = "{\"tags\":[\"x\",\"y\"],\"book\":{\"by\":[{\"name\":\"Ann\"}]},\"a.b\":5}";
        assertThat(matches(fields, Map.of("tags", Set.of("y")))).isTrue();
        assertThat(matches(fields, Map.of("book.by.name", Set.of("Ann")))).isTrue();
        assertThat(matches(fields, Map.of("book.by", Set.of("Ann")))).isFalse();
        assertThat(matches(fields, Map.of("a.b", Set.of("5")))).isTrue();
    }

    @Test
    void rejectsAFieldWithoutValues() {
        assertThatThrownBy(() -> new FieldFilter(Map.of("ward", Set.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'ward'");
    }
}
