package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FieldTermsTest {

    private static final String FIELDS =
            "{\"ward\":\"B2\",\"floor\":7,\"open\":true,\"price\":7.50,\"none\":null,"
                    + "\"tags\":[\"x\",\"y\",\"x\"],\"book\":{\"by\":[{\"name\":\"Ann\"},[3]]},"
                    + "\"a.b\":5,\"p=q\":\"r\",\"p\":\"q=r\",\"back\\\\slash\":\"\",\"\":{\"\":1}}";

    @Test
    void listsEachValueOnceByThePathOfItsField() {
        assertThat(FieldTerms.of(FIELDS))
                .containsExactly(
                        "ward=B2",
                        "floor=7",
                        "open=true",
                        "price=7.50",
                        "tags=x",
                        "tags=y",
                        "book.by.name=Ann",
                        "book.by=3",
                        "a.b=5",
                        "p\\=q=r",
                        "p=q=r",
                        "back\\\\slash=",
                        ".=1");
        assertThat(FieldTerms.of((String) null)).isEmpty();
    }

    @Test
    void agreesWithTheFilter() throws Exception {
        for (String field :
                List.of(
                        "ward",
                        "floor",
                        "open",
                        "none",
                        "tags",
                        "book.by.name",
                        "book.by",
                        "a.b",
                        "p=q",
                        "p",
                        "back\\slash",
                        ".",
                        "",
                        "missing")) {
            for (String value :
                    List.of("B2", "7", "true", "null", "y", "Ann", "3", "5", "r", "q=r", "", "1")) {
                FieldFilter filter = new FieldFilter(Map.of(field, Set.of(value)));
                assertThat(FieldTerms.of(FIELDS).containsAll(FieldTerms.of(filter).get(0)))
                        .as("%s", filter)
                        .isEqualTo(filter.matches(new ObjectMapper().readTree(FIELDS)));
            }
        }
    }

    @Test
    void omitsLongTextsAndRejectsThemInFilters() {
        String text = "x".repeat(FieldTerms.MAX_LENGTH - "text=".length());
        assertThat(FieldTerms.of("{\"text\":\"" + text + "\"}")).containsExactly("text=" + text);
        assertThat(FieldTerms.of("{\"text\":\"" + text + "x\"}")).isEmpty();
        assertThatThrownBy(() -> FieldTerms.of(new FieldFilter(Map.of("text", Set.of(text + "x")))))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'text'")
                .hasMessageContaining("508 characters")
                .hasMessageContaining("at most 512");
    }
}
