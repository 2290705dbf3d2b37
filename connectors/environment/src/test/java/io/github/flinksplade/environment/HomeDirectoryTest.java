package io.github.flinksplade.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HomeDirectoryTest {

    @Test
    void prefersHomeToPasswordDatabase() {
        assertThat(HomeDirectory.of(Map.of("HOME", "/h"), "/p")).isEqualTo(Path.of("/h"));
        assertThat(HomeDirectory.of(Map.of("HOME", "/h"), "?")).isEqualTo(Path.of("/h"));
        assertThat(HomeDirectory.of(Map.of(), "/p")).isEqualTo(Path.of("/p"));
        assertThat(HomeDirectory.of(Map.of("HOME", ""), "/p")).isEqualTo(Path.of("/p"));
        assertThat(HomeDirectory.of(Map.of("HOME", "relative"), "/p")).isEqualTo(Path.of("/p"));
    }

    @Test
    void rejectsUnknownHomeDirectory() {
        assertThatThrownBy(() -> HomeDirectory.of(Map.of("HOME", "here"), "?"))
                .isInstanceOf(UncheckedIOException.class)
                .cause()
                .hasMessage(
                        "the home directory is unknown: HOME is 'here' and the password database"
                                + " has no entry for this user. Set HOME to a directory");
    }

    @Test
    void cacheFollowsXdgSpecification() {
        assertThat(HomeDirectory.cache(Map.of("HOME", "/h"))).isEqualTo(Path.of("/h/.cache"));
        assertThat(HomeDirectory.cache(Map.of("HOME", "/h", "XDG_CACHE_HOME", "/x")))
                .isEqualTo(Path.of("/x"));
        assertThat(HomeDirectory.cache(Map.of("HOME", "/h", "XDG_CACHE_HOME", "x")))
                .as("a relative path is ignored")
                .isEqualTo(Path.of("/h/.cache"));
    }

    @Test
    void expandsOnlyLeadingTilde() {
        Map<String, String> ann = Map.of("HOME", "/home/ann");
        assertThat(HomeDirectory.expand("~/x/y", ann)).isEqualTo("/home/ann/x/y");
        assertThat(HomeDirectory.expand("~", ann)).isEqualTo("/home/ann");
        for (String path : new String[] {"x/~/y", "./~", "/x", "state~", "builtin:minilm"}) {
            assertThat(HomeDirectory.expand(path, ann)).isEqualTo(path);
        }
        assertThatThrownBy(() -> HomeDirectory.expand("~bob/x", ann))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'~bob/x' is in the home directory of another user, which is not"
                                + " supported. Write the whole path, or ./~bob/x for a name that"
                                + " starts with ~");
    }
}
