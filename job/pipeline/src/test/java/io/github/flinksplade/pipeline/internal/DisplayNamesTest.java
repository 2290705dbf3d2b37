package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DisplayNamesTest {

    private static final String FOLDER = "file:/a/long/path/with/many/folders/that/nobody/shortens";

    @Test
    void shortensNamesOfOperatorsToFlinksLimit() {
        DisplayNames names =
                new DisplayNames(List.of("a", "b"), List.of(FOLDER + "/a", "lucene:x"));
        assertThat(names.of("a")).isEqualTo(FOLDER + "/a");
        assertThat(names.inOperators("a"))
                .isEqualTo("file:/a/long/path...y/folders/that/nobody/shortens/a")
                .hasSizeLessThanOrEqualTo(52);
        assertThat(names.inOperators("b")).isEqualTo("lucene:x");
    }

    @Test
    void keepsNamesDistinct() {
        String other = FOLDER.replace("path/with", "path/of");
        DisplayNames names =
                new DisplayNames(List.of("a", "b", "c"), List.of("same", "same", "other"));
        assertThat(List.of(names.of("a"), names.of("b"), names.of("c")))
                .containsExactly("same", "b", "other");
        DisplayNames shortened = new DisplayNames(List.of("a", "b"), List.of(FOLDER, other));
        assertThat(shortened.of("b")).isEqualTo(other);
        assertThat(shortened.inOperators("b")).isEqualTo(shortened.inOperators("a") + " 2");
    }
}
