package io.github.flinksplade.connector.pinecone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.connector.contract.Snippets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the snippets of docs/sinks/pinecone.md against the stand-in. */
class PineconePageITCase {

    @TempDir private Path folder;
    private String page;
    private PineconeStandIn standIn;

    @BeforeEach
    void open() throws IOException {
        page = Files.readString(Path.of("../../docs/sinks/pinecone.md"));
        standIn = PineconeStandIn.start();
    }

    @AfterEach
    void close() {
        standIn.close();
    }

    private String find(String regex) {
        Matcher matcher = Pattern.compile(regex, Pattern.DOTALL).matcher(page);
        assertThat(matcher.find()).as(regex).isTrue();
        return matcher.group(1);
    }

    /** Writes to the page's URI, with the API key in the property that the page names. */
    private void fill() throws Exception {
        ConnectorUri uri =
                ConnectorUri.parse(find("\nto: (\\S+)\n"))
                        .withProperties(
                                Map.of(
                                        "host",
                                        standIn.url(),
                                        find("pinecone.properties:\n  (\\S+):"),
                                        PineconeStandIn.API_KEY));
        VectorRecord both =
                Corpus.upsert(
                        "a/b",
                        7,
                        "{\"title\":\"t\",\"nested\":{\"a\":null},\"long\":9007199254740993}",
                        new TreeMap<>(Map.of(2482, 1f, 3435, 2f)));
        VectorRecord one = Corpus.upsert("c", 1, "{}", new TreeMap<>(Map.of(2482, 2f)));
        try (SinkTestHarness harness =
                SinkTestHarness.start(
                        new PineconeConnector().sink(uri),
                        Corpus.context(Corpus.PROVENANCE, false))) {
            harness.write(both, one);
            harness.finish();
        }
    }

    @Test
    void runsTheCurlCommands() throws Exception {
        assumeTrue(Snippets.runs("curl", "--version"), "curl is not installed");
        fill();
        String commands =
                find("```sh\n(.*?)```")
                        .replace("https://api.pinecone.io", standIn.url())
                        // at Pinecone, the gRPC port also serves HTTP
                        .replace("https://$host/query", standIn.url() + "/query");
        JsonNode matches = new ObjectMapper().readTree(run("sh", "-c", commands)).path("matches");
        assertThat(matches).hasSize(2);
        assertThat(matches.at("/0/id").asText()).isEqualTo("a/b");
        JsonNode metadata = matches.at("/0/metadata");
        assertThat(metadata.path("text").asText()).isEqualTo("text 7 of a/b");
        JsonNode shown = new ObjectMapper().readTree(find("```json\n(.*?)```")).path("metadata");
        assertThat(metadata.path("_version")).isEqualTo(shown.path("_version"));
        assertThat(metadata.path("_fields")).isEqualTo(shown.path("_fields"));
    }

    @Test
    void runsThePythonProgram() throws Exception {
        assumeTrue(
                Snippets.runs("python3", "-c", "import pinecone"),
                "python3 with the package pinecone is not installed");
        fill();
        Path program = folder.resolve("query.py");
        Files.writeString(
                program,
                find("```python\n(.*?)```")
                        .replace("Pinecone(", "Pinecone(host=\"" + standIn.url() + "\", ")
                        .replaceAll(
                                "client.describe_index\\(\"(\\w+)\"\\).host",
                                "\"" + standIn.url() + "\""));
        assertThat(run("python3", program.toString())).contains("a/b 4.", "c 3.");
    }

    private static String run(String... command) throws Exception {
        return Snippets.run(Map.of("PINECONE_API_KEY", PineconeStandIn.API_KEY), command);
    }
}
