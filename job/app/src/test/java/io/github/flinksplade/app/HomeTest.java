package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.JobSettings.Given;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class HomeTest {

    private static final UnaryOperator<String> ANNA = Map.of("HOME", "/home/anna")::get;

    @Test
    void theEnvironmentWins() {
        assertThat(Home.directory(ANNA)).isEqualTo(Path.of("/home/anna"));
        Path java = Path.of(System.getProperty("user.home"));
        assertThat(Home.directory(name -> null)).isEqualTo(java);
        assertThat(Home.directory(name -> "")).isEqualTo(java);
    }

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
        assertThat(settings.state()).isEqualTo(Home.directory().resolve("state"));
        assertThat(settings.model()).isEqualTo(Home.directory().resolve("model").toString());
        assertThat(settings.modelCache()).isEqualTo(Home.directory().resolve("cache").toString());
    }
}
