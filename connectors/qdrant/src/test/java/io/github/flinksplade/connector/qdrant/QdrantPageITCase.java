package io.github.flinksplade.connector.qdrant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkContext;
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

/** Runs the snippets of docs/sinks/qdrant.md against the stand-in. */
class QdrantPageITCase {

    private static final String KEY = "key-of-the-page";
    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    @TempDir private Path folder;
    private String page;
    private QdrantStandIn standIn;
    private StandInRest rest;

    @BeforeEach
    void open() throws IOException {
        page = Files.readString(Path.of("../../docs/sinks/qdrant.md"));
        standIn = new QdrantStandIn("1.18.3", KEY);
        rest = new StandInRest(standIn, KEY);
    }

    @AfterEach
    void close() {
        rest.close();
        standIn.close();
    }

    private String find(String regex) {
        Matcher matcher = Pattern.compile(regex, Pattern.DOTALL).matcher(page);
        assertThat(matcher.find()).as(regex).isTrue();
        return matcher.group(1);
    }

    /** Writes documents to the page's URI, with the port of the stand-in. */
    private ConnectorUri fill() throws Exception {
        String written = find("\nto: (\\S+)\n");
        assertThat(written).contains(":6334/");
        ConnectorUri uri =
                ConnectorUri.parse(written.replace(":6334/", ":" + standIn.port() + "/"))
                        .withProperties(Map.of(find("qdrant.properties:\n  (\\S+):"), KEY));
        TreeMap<Integer, Float> both = new TreeMap<>(Map.of(2482, 1f, 3435, 2f));
        TreeMap<Integer, Float> one = new TreeMap<>(Map.of(2482, 2f));
        BatchVectorSink sink = (BatchVectorSink) new QdrantConnector().sink(uri);
        try (SinkTestHarness harness = SinkTestHarness.start(sink, CONTEXT)) {
            harness.write(
                    Corpus.upsert("a/b", 7, "{\"title\":\"t\"}", both),
                    Corpus.upsert("c", 1, "{}", one));
            harness.finish();
        }
        return uri;
    }

    private String run(String... command) throws Exception {
        return Snippets.run(Map.of("QDRANT", rest.url(), "QDRANT_API_KEY", KEY), command);
    }

    @Test
    void runsTheCurlCommand() throws Exception {
        assumeTrue(Snippets.runs("curl", "--version"), "curl is not installed");
        fill();
        JsonNode points =
                new ObjectMapper()
                        .readTree(run("sh", "-c", find("```sh\n(.*?)```")))
                        .at("/result/points");
        assertThat(points).hasSize(2);
        assertThat(points.at("/0/payload/flink_splade/id").asText()).isEqualTo("a/b");
        assertThat(points.at("/0/payload/text").asText()).isEqualTo("text 7 of a/b");
        assertThat(points.at("/0/id").asText()).isEqualTo(find("\"id\": \"([0-9a-f-]{36})\""));
    }

    @Test
    void runsThePythonProgram() throws Exception {
        assumeTrue(
                Snippets.runs("python3", "-c", "import qdrant_client"),
                "python3 with the package qdrant-client is not installed");
        fill();
        Path program = folder.resolve("query.py");
        Files.writeString(program, find("```python\n(.*?)```"));
        assertThat(run("python3", program.toString())).contains("a/b 4.7", "c 3.8");
    }
}
