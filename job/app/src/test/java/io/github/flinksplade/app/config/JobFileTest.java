package io.github.flinksplade.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobFileTest {

    @TempDir private Path directory;

    private Map<String, Given> read(String text) throws IOException {
        return read(text.getBytes(StandardCharsets.UTF_8));
    }

    private Map<String, Given> read(byte[] bytes) throws IOException {
        return JobFile.read(
                Files.write(file(), bytes), Map.of("BROKER", "b:9", "PASSWORD", "$1\\x")::get);
    }

    private Path file() {
        return directory.resolve("job.yaml");
    }

    @Test
    void readsValuesListsAndMaps() throws IOException {
        Map<String, Given> given =
                read(
                        """
                        # a job
                        from: kafka://b:9/docs?group=g
                        to: [lucene:idx, "file:out"]
                        capacity: 010
                        kafka.properties:
                          security.protocol: SSL
                          ssl:
                            key.password: hush
                        flink: {execution: {checkpointing: {timeout: 1 min}}}
                        """);
        assertThat(given.get("from").values()).containsExactly("kafka://b:9/docs?group=g");
        assertThat(given.get("to").values()).containsExactly("lucene:idx", "file:out");
        assertThat(given.get("capacity").values()).containsExactly("010");
        assertThat(given.get("capacity").where()).isEqualTo("in " + file() + ", line 4");
        assertThat(given.get("kafka.properties").map())
                .isEqualTo(Map.of("security.protocol", "SSL", "ssl.key.password", "hush"));
        assertThat(given.get("flink").map())
                .isEqualTo(Map.of("execution.checkpointing.timeout", "1 min"));
    }

    @Test
    void replacesReferencesToTheEnvironmentAndToFiles() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret"), "hush hush\n");
        Map<String, Given> given =
                read(
                        "from: kafka://${env:BROKER}/docs\nto: a${env:PASSWORD}b${file:"
                                + secret
                                + "}c\n");
        assertThat(given.get("from").values()).containsExactly("kafka://b:9/docs");
        assertThat(given.get("to").values()).containsExactly("a$1\\xbhush hushc");
    }

    @Test
    void readsOptionsOfUrisAsKeys() throws IOException {
        Map<String, Given> given =
                read(
                        """
                        from:
                          - file:a.jsonl
                          - uri: file:b.jsonl?watch=true
                            id: /product/sku
                            text: [title, body]
                            template: "{title} & {body}: 100 %+"
                            fields: "*,-secret"
                        to:
                          uri: lucene:idx
                          text: false
                        """);
        assertThat(given.get("from").values())
                .containsExactly(
                        "file:a.jsonl",
                        "file:b.jsonl?watch=true&id=/product/sku&text=title,body"
                                + "&template={title} %26 {body}: 100 %25+&fields=*,-secret");
        assertThat(given.get("to").values()).containsExactly("lucene:idx?text=false");
        ConnectorUri uri = ConnectorUri.parse(given.get("from").values().get(1));
        assertThat(uri.option("template")).isEqualTo("{title} & {body}: 100 %+");
        assertMistake("from:\n  uri: a:b\n  uri: a:c\n", "duplicate key 'uri' in %s, line 3");
        assertMistake("from:\n  uri: a:b\n  text:\n", "'text' has no value in %s, line 3");
        assertMistake("from: [{text: a}]\n", "a single value is expected in %s, line 1");
    }

    @Test
    void reportsMistakesWithTheirLine() {
        assertMistake("from: a\nto: b\nfrom: c\n", "duplicate key 'from' in %s, line 3");
        assertMistake("from: a\nto:\n", "'to' has no value in %s, line 2");
        assertMistake("from: a\nto: [b, [c]]\n", "a single value is expected in %s, line 2");
        assertMistake(
                "from: ${env:NOBODY}\n",
                "the environment variable NOBODY is not set, used in %s, line 1");
        assertMistake("from: ${file:/no/such}\n", "cannot read /no/such, used in %s, line 1");
        assertMistake("- a\n", "%s is not a map of settings, such as 'to: lucene:index'");
        assertMistake("", "%s is empty. It must contain at least from: and to:");
        assertThatThrownBy(() -> read("from: [a\nto: b\n"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file() + " is not valid YAML: line 2, column 3: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "from: a\nkafka.properties:\n\ta: b\n",
                "from: a\n\tto: b\n",
                "from: \"a\n",
                "from: 'a\nto: b\n",
                "from: a: b\n",
                "from: [a\nto: b\n",
                "from: {a: b\n",
                "from: @a\n",
                "from: %a\n",
                "from: `a`\n",
                "from: *nobody\n",
                "from: &a\n  b: *a\n- c\n",
                "from: a\n to: b\n",
                "from: a\n---\nto: b\n",
                "- a\nfrom: b\n",
                "from: \"\\q\"\n",
                "from: \u0001\n",
                "? [\n",
                "!!java.net.URL [x]\n"
            })
    void hidesTheMessagesOfTheYamlLibrary(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(UserException.class)
                .satisfies(
                        e ->
                                assertThat(e.getMessage())
                                        .startsWith(file().toString())
                                        .doesNotContainIgnoringCase(
                                                "token",
                                                "scanning",
                                                "parsing",
                                                "snakeyaml",
                                                "reader")
                                        .doesNotContain("<", "expected", "\n", "\t"));
    }

    @Test
    void reportsTabsAndControlCharacters() {
        assertMistake(
                "from: a\nkafka.properties:\n\ta: b\n",
                "%s is not valid YAML: line 3, column 1: the indentation contains a tab. Indent with"
                        + " spaces.");
        assertMistake(
                "from: a\nto: \u0001\n",
                "%s is not valid YAML: it contains a control character, U+0001, in line 2. Remove"
                        + " it.");
    }

    private void assertMistake(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(UserException.class)
                .hasMessage(message, file());
    }

    @Test
    void rejectsAMissingFileAndInvalidUtf8() {
        assertThatThrownBy(() -> JobFile.read(Path.of("no-such.yaml"), name -> null))
                .hasMessage("the configuration file no-such.yaml does not exist");
        assertThatThrownBy(() -> read(new byte[] {'a', (byte) 0xff}))
                .hasMessage("the configuration file %s is not valid UTF-8", file());
    }

    @Test
    void fileYieldsSettings() throws IOException {
        JobSettings settings =
                JobSettings.of(
                        read("from: file:a\nto: [file:b, lucene:c]\nkafka.properties: {a: b}\n"),
                        List.of("file", "kafka", "lucene"));
        assertThat(settings.get(JobSettings.TO)).hasSize(2);
        assertThat(settings.connectorProperties()).isEqualTo(Map.of("kafka", Map.of("a", "b")));
    }
}
