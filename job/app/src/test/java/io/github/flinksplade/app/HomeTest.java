package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.JobSettings.Given;
import io.github.flinksplade.environment.HomeDirectory;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HomeTest {

    private static final Map<String, String> ANNA = Map.of("HOME", "/home/anna");

    @Test
    void onlyALeadingTildeIsExpanded() {
        assertThat(Home.expand("~/x/y", ANNA)).isEqualTo("/home/anna/x/y");
        assertThat(Home.expand("~", ANNA)).isEqualTo("/home/anna");
        for (String path : new String[] {"x/~/y", "./~", "/x", "state~", "builtin:minilm"}) {
            assertThat(Home.expand(path, ANNA)).isEqualTo(path);
        }
        assertThatThrownBy(() -> Home.expand("~bob/x", ANNA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'~bob/x' starts with ~ but not with ~/. Write the whole path, or ./~bob/x"
                                + " for a relative one");
    }

    @Test
    void settingsThatArePathsMayStartWithIt() {
        JobSettings settings =
                JobSettings.of(
                        Map.of(
                                "from", Given.of("in the test", "file:docs.jsonl"),
                                "to", Given.of("in the test", "lucene:idx"),
                                "state", Given.of("in the test", "~/state"),
                                "model", Given.of("in the test", "~/model"),
                                "model-cache", Given.of("in the test", "~/cache")),
                        Set.of("file", "lucene"));
        assertThat(settings.state()).isEqualTo(HomeDirectory.of(System.getenv()).resolve("state"));
        assertThat(settings.model())
                .isEqualTo(HomeDirectory.of(System.getenv()).resolve("model").toString());
        assertThat(settings.modelCache())
                .isEqualTo(HomeDirectory.of(System.getenv()).resolve("cache").toString());
    }
}
