package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is printed contains no credentials and no whole texts: the terminal of jobs that succeed and
 * of jobs that fail, with the log at the level of clusters ({@code --verbose}).
 */
class SecretsITCase {

    private static final String SECRET = "hunter2-secret";

    /** The end of every text, which no message reaches. */
    private static final String END = "the-end-of-the-text";

    private static final String TEXT =
            "The physician examined the patient's heart in ward B2. ".repeat(20) + END;

    private static final String PROPERTIES =
            """
            opensearch.properties: {username: job, password: SECRET}
            qdrant.properties: {api-key: SECRET}
            kafka.properties:
              ssl.key.password: SECRET
              ssl.keystore.password: SECRET
              sasl.jaas.config: 'org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="SECRET";'
              registry.token: SECRET
            flink: {s3.secret-key: SECRET, fs.azure.account.key.a.blob.core.windows.net: SECRET}
            precision: int8
            """
                    .replace("SECRET", SECRET);

    @TempDir Path directory;

    private static void assertNothingIsRevealed(String printed) {
        String credentials =
                Base64.getEncoder()
                        .encodeToString(("job:" + SECRET).getBytes(StandardCharsets.UTF_8));
        assertThat(printed).doesNotContain(SECRET).doesNotContain(credentials).doesNotContain(END);
    }

    /** One accepted document, and one for each way in which a record is rejected. */
    private static List<String> documents() {
        String good = "{\"text\":\"" + TEXT + "\"}";
        return List.of(
                good,
                "{\"text\":\"" + TEXT, // truncated
                "{\"text\":\"car\",\"version\":\"" + TEXT + "\"}",
                "{\"text\":\"car\",\"op\":\"" + TEXT + "\"}",
                "{\"text\":\"car\",\"note\":\"" + TEXT + "\"}", // rejected by the index
                "{\"other\":\"" + TEXT + "\"}");
    }

    private Outcome run(Path job, String... more) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Distribution.home().resolve("bin/flink-splade").toString(),
                                "run",
                                "--verbose",
                                "--config",
                                job.toString()));
        command.addAll(List.of(more));
        Distribution.Answer answer = Distribution.execute(directory, "", Map.of(), command);
        return new Outcome(answer.code(), answer.out(), answer.err());
    }

    @Test
    void jobsThatSucceedAndFailPrintNoCredentialsAndNoWholeTexts() throws Exception {
        try (KafkaBroker broker = KafkaBroker.start();
                ServerProcess openSearch =
                        ServerProcess.openSearch(directory.resolve("opensearch"));
                ServerProcess qdrant = ServerProcess.qdrant(directory.resolve("qdrant"))) {
            broker.createTopic("documents", 1);
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (String document : documents()) {
                byte[] id = ("id-" + records.size()).getBytes(StandardCharsets.UTF_8);
                records.add(
                        new ProducerRecord<>(
                                "documents", id, document.getBytes(StandardCharsets.UTF_8)));
            }
            broker.produce(records);
            requireNumbers(openSearch, "note");
            String kafka = "kafka://" + broker.bootstrapServers();
            Path job = directory.resolve("job.yaml");
            Files.writeString(
                    job,
                    """
                    from: %1$s/documents?bounded=true
                    to:
                      - %1$s/vectors?text=true
                      - opensearch://%2$s/docs
                      - qdrant://%3$s/docs
                    dead-letters: %1$s/dead-letters
                    %4$s"""
                            .formatted(
                                    kafka, openSearch.authority(), qdrant.authority(), PROPERTIES));

            Outcome succeeded = run(job);
            String printed = succeeded.out() + succeeded.err();
            assertThat(succeeded.code()).as(printed).isEqualTo(ExitCode.OK);
            assertThat(printed).contains("******").contains("Dead letters: 5").contains("INFO");
            assertNothingIsRevealed(printed);
            assertThat(broker.readCommitted("dead-letters"))
                    .hasSize(5)
                    .allSatisfy(
                            letter ->
                                    assertThat(new String(letter.value(), StandardCharsets.UTF_8))
                                            .contains(END));

            Outcome failed = run(job, "--max-dead-letters", "2");
            printed = failed.out() + failed.err();
            assertThat(failed.code()).as(printed).isEqualTo(ExitCode.INPUT);
            assertThat(printed).contains("\tat ").contains("max-dead-letters");
            assertNothingIsRevealed(printed);
        }
    }

    /** Creates a template by which the index rejects a field that is not a number. */
    private static void requireNumbers(ServerProcess openSearch, String field)
            throws IOException, InterruptedException {
        String template =
                """
                {"index_patterns": ["docs"], "template": {"mappings": {"properties":
                  {"fields": {"properties": {"%s": {"type": "integer"}}}}}}}
                """
                        .formatted(field);
        HttpResponse<String> response =
                HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(
                                                URI.create(
                                                        "http://"
                                                                + openSearch.authority()
                                                                + "/_index_template/numbers"))
                                        .header("Content-Type", "application/json")
                                        .PUT(HttpRequest.BodyPublishers.ofString(template))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }

    @Test
    void aServerThatRejectsTheCredentialsIsReportedWithoutThem() throws Exception {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(401, -1);
                    exchange.close();
                });
        server.start();
        try {
            Files.writeString(directory.resolve("docs.jsonl"), "{\"id\":\"1\",\"text\":\"car\"}\n");
            Path job = directory.resolve("job.yaml");
            Files.writeString(
                    job,
                    "from: file:docs.jsonl\nto: opensearch://127.0.0.1:%d/docs\n%s"
                            .formatted(server.getAddress().getPort(), PROPERTIES));
            Outcome outcome = run(job);
            String printed = outcome.out() + outcome.err();
            assertThat(outcome.code()).as(printed).isNotZero();
            assertThat(printed).contains("rejects the credentials (HTTP 401)").contains("\tat ");
            assertNothingIsRevealed(printed);
        } finally {
            server.stop(0);
        }
    }

    /** Credentials where they do not belong are not repeated in the message. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "opensearch://job:SECRET@127.0.0.1:9/docs",
                "elasticsearch://job:SECRET@127.0.0.1:9/docs",
                "opensearch://127.0.0.1:9/docs?password=SECRET",
                "solr://job:SECRET@127.0.0.1:9/solr/docs",
                "qdrant://job:SECRET@127.0.0.1:9/docs",
                "qdrant://127.0.0.1:9/docs?api-key=SECRET",
                "pinecone:docs?api-key=SECRET",
                "kafka://job:SECRET@127.0.0.1:9/docs",
                "kafka://127.0.0.1:9/docs?format=avro&registry=http://job:SECRET@127.0.0.1:9",
                "kafka://127.0.0.1:9/docs?sasl.jaas.config=SECRET",
                "lucene:idx?token=SECRET",
                "file:vectors?secret=SECRET",
                "s3://job:SECRET@bucket/vectors",
                "nosuch://job:SECRET@127.0.0.1:9/docs?password=SECRET"
            })
    void uriWithCredentialsIsRejectedWithoutThem(String uri) throws Exception {
        Path documents = directory.resolve("docs.jsonl");
        Files.writeString(documents, "{\"id\":\"1\",\"text\":\"car\"}\n");
        String from = "file:" + documents;
        String to = uri.replace("SECRET", SECRET);
        for (List<String> more : List.of(List.<String>of(), List.of("--verbose"))) {
            for (List<String> command :
                    List.of(
                            List.of("run", "--from", from, "--to", to),
                            List.of("run", "--from", to, "--to", "file:" + directory + "/out"),
                            List.of(
                                    "run",
                                    "--from",
                                    from,
                                    "--to",
                                    "file:" + directory + "/out",
                                    "--dead-letters",
                                    to),
                            List.of("search", "--index", to, "car"))) {
                Outcome outcome =
                        MainTest.run(
                                "",
                                Stream.concat(command.stream(), more.stream())
                                        .toArray(String[]::new));
                String printed = outcome.out() + outcome.err();
                assertThat(outcome.code()).as(printed).isNotZero();
                assertNothingIsRevealed(printed);
            }
        }
    }
}
