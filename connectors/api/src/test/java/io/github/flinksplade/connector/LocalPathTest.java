package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalPathTest {

    private static final Map<String, String> ENVIRONMENT = Map.of("HOME", "/home/ann");

    @Test
    void normalizesPaths() {
        String here = Path.of("").toAbsolutePath().toString();
        for (String location : new String[] {"idx", "./idx", "a/../idx/", here + "/idx"}) {
            assertThat(LocalPath.of(ConnectorUri.parse("lucene:" + location)))
                    .as(location)
                    .hasToString(here + "/idx");
        }
        assertThat(LocalPath.of(ConnectorUri.parse("file:///a/./b?x=1"))).hasToString("/a/b");
        assertThat(LocalPath.of(ConnectorUri.parse("file:~/a")))
                .isEqualTo(LocalPath.of(ConnectorUri.parse("file:~/b/../a/")))
                .isAbsolute();
    }

    @Test
    void expandsHomeDirectory() {
        assertThat(text("file:~/docs.jsonl")).isEqualTo("/home/ann/docs.jsonl");
        assertThat(text("file:~/in/*.jsonl")).isEqualTo("/home/ann/in/*.jsonl");
        assertThat(text("lucene:~")).isEqualTo("/home/ann");
        assertThat(text("lucene:./~/a")).isEqualTo("./~/a");
        assertThat(text("lucene:a~")).isEqualTo("a~");
    }

    @Test
    void rejectsHomeDirectoriesOfOtherUsers() {
        assertThatThrownBy(() -> text("lucene:~bob/idx?text=false"))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "lucene:~bob/idx?text=false: '~bob/idx' is in the home directory of another"
                                + " user, which is not supported. Write the whole path, or"
                                + " ./~bob/idx for a name that starts with ~");
    }

    @Test
    void rejectsHosts() {
        assertThatThrownBy(() -> text("lucene://idx/a"))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "lucene://idx/a has a host. Write lucene:idx/a for a relative path,"
                                + " lucene:/idx/a for an absolute one");
    }

    @Test
    void rejectsInvalidPaths() {
        assertThatThrownBy(() -> LocalPath.of(ConnectorUri.parse("file:a\u0000b")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("is not a valid path");
    }

    private static String text(String uri) {
        return LocalPath.text(ConnectorUri.parse(uri), ENVIRONMENT);
    }
}
