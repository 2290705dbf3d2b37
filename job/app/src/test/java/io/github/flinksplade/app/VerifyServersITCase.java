package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code verify} with Kafka as source and sink, a real OpenSearch node, and the fake Qdrant. */
class VerifyServersITCase {

    @TempDir private Path directory;

    private Outcome execute(int code, String... arguments) {
        Outcome outcome = MainTest.run("", arguments);
        assertThat(outcome.code()).as(outcome.out() + outcome.err()).isEqualTo(code);
        return outcome;
    }

    private Outcome run(String command, int code, String from, String to, String... more) {
        List<String> arguments = new ArrayList<>(List.of(command, "--from", from, "--to", to));
        arguments.addAll(List.of("--dead-letters", "file:" + directory.resolve("dead.jsonl")));
        arguments.addAll(List.of(more));
        return execute(code, arguments.toArray(String[]::new));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] document(String id, String text) {
        return bytes("{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}");
    }

    private static ProducerRecord<byte[], byte[]> record(String id, String text) {
        return new ProducerRecord<>("documents", bytes(id), document(id, text));
    }

    @Test
    void comparesATopicOfVectorsWithATopicOfDocuments() {
        try (KafkaBroker broker = KafkaBroker.start()) {
            broker.createTopic("documents", 3);
            broker.createTopic("vectors", 2);
            ChangeLedger ledger = new ChangeLedger(600, 60, 20263);
            broker.produce(ledger.records);
            for (int i = 1; i <= 4; i++) {
                broker.produce(List.of(record("kept-" + i, "Text " + i)));
            }
            String from = "kafka://" + broker.bootstrapServers() + "/documents";
            String to = "kafka://" + broker.bootstrapServers() + "/vectors?text=true";
            run("run", ExitCode.OK, from + "?bounded=true", to);

            Outcome equal = run("verify", ExitCode.OK, from, to);
            assertThat(equal.out()).isEmpty();
            assertThat(equal.err()).contains("Records that the job rejects:");

            broker.produce(
                    List.of(
                            new ProducerRecord<>("vectors", bytes("kept-1"), null),
                            new ProducerRecord<>("vectors", bytes("kept-2"), null),
                            record("new", "A new one."),
                            record("kept-3", "Another text."),
                            new ProducerRecord<>("documents", bytes("kept-4"), null)));
            assertThat(run("verify", ExitCode.FINDINGS, from, to).out().lines())
                    .extracting(line -> line.substring(0, line.lastIndexOf('\t')))
                    .containsExactly(
                            "missing\tkept-1",
                            "missing\tkept-2",
                            "missing\tnew",
                            "extra\tkept-4",
                            "stale\tkept-3");
        }
    }

    @Test
    void documentsThatTheStoppedJobHasNotReadAreNotDifferences() throws Exception {
        try (KafkaBroker broker = KafkaBroker.start()) {
            broker.createTopic("documents", 2);
            String from = "kafka://" + broker.bootstrapServers() + "/documents";
            Set<String> ids = new TreeSet<>();
            for (int i = 0; i < 20; i++) {
                ids.add("id-" + i);
                broker.produce("documents", bytes("id-" + i), document("id-" + i, "Text " + i));
            }
            Process job =
                    Distribution.start(
                            directory,
                            directory.resolve("log"),
                            "run",
                            "--from",
                            from,
                            "--to",
                            "lucene:idx",
                            "--state",
                            "state",
                            "--checkpoint-interval",
                            "500 ms");
            String to = "lucene:" + directory.resolve("idx");
            Distribution.await("20 documents", () -> !job.isAlive() || ids(to).equals(ids));
            assertThat(job.isAlive()).as(Files.readString(directory.resolve("log"))).isTrue();
            String state = directory.resolve("state").toString();
            assertThat(run("verify", ExitCode.OK, from, to, "--state", state).err())
                    .contains("is running: what it has not read or written yet is listed, too");
            job.destroy();
            job.waitFor();
            assertThat(run("verify", ExitCode.OK, from, to, "--state", state).err())
                    .doesNotContain("has not read");

            broker.produce(
                    "documents",
                    bytes("new"),
                    document("new", "A new one."),
                    bytes("id-3"),
                    document("id-3", "Another text."),
                    bytes("id-4"),
                    null);
            assertThat(run("verify", ExitCode.OK, from, to, "--state", state).err())
                    .contains("3 documents differ because the job has not read their last change");
            assertThat(run("verify", ExitCode.FINDINGS, from, to).out().lines()).hasSize(3);

            Path deletes = directory.resolve("deletes.jsonl");
            Files.writeString(deletes, "{\"id\":\"id-5\",\"op\":\"delete\"}\n");
            run("run", ExitCode.OK, "file:" + deletes, to);
            assertThat(run("verify", ExitCode.FINDINGS, from, to, "--state", state).out())
                    .startsWith("missing\tid-5\tin documents-");
        }
    }

    private static Set<String> ids(String index) {
        ConnectorUri uri = ConnectorUri.parse(index);
        Set<String> ids = new TreeSet<>();
        try {
            IndexedDocuments documents = Connectors.of(uri).documents(uri);
            try (IndexedDocuments.Reader reader = documents.open()) {
                for (IndexedDocument next = reader.next(); next != null; next = reader.next()) {
                    ids.add(next.id());
                }
            }
        } catch (ConnectorException e) {
            return Set.of(); // not created yet
        }
        return ids;
    }

    @Test
    void namesWhatWasChangedOnTheServers() throws Exception {
        StringBuilder lines = new StringBuilder();
        String sentence = "The physician examined the patient's heart in the ward. ";
        for (int i = 0; i < 30; i++) {
            lines.append("{\"id\":\"doc-" + i + "\",\"text\":\"" + sentence.repeat(i));
            lines.append("\",\"version\":" + (i + 1) + ",\"price\":" + i + ".50,\"tag\":null}\n");
        }
        Files.writeString(directory.resolve("docs.jsonl"), lines);
        String from = "file:" + directory.resolve("docs.jsonl");
        try (ServerProcess openSearch = ServerProcess.openSearch(directory.resolve("opensearch"));
                ServerProcess qdrant = ServerProcess.qdrant(directory.resolve("qdrant"))) {
            String index = "opensearch://" + openSearch.authority() + "/docs";
            String collection = "qdrant://" + qdrant.authority() + "/docs?fields=price";
            run(
                    "run",
                    ExitCode.OK,
                    from,
                    index,
                    "--to",
                    collection,
                    "--long-documents",
                    "passages");
            run("verify", ExitCode.OK, from, index);
            assertThat(run("verify", ExitCode.OK, from, collection).err())
                    .contains("The index stores one encoder for all documents");

            String url = "http://" + openSearch.authority() + "/docs/";
            send("DELETE", url + "_doc/doc-1%230", "");
            send("DELETE", url + "_doc/doc-25%231", "");
            send("POST", url + "_update/doc-3%230", "{\"doc\":{\"text\":\"Other.\"}}");
            send("POST", url + "_update/doc-4%230", "{\"doc\":{\"encoder\":\"aa\"}}");
            send("POST", url + "_update/doc-5%230", "{\"doc\":{\"fields\":{\"price\":0}}}");
            send("PUT", url + "_doc/more", "{\"id\":\"more\",\"text\":\"x\",\"encoder\":\"aa\"}");
            assertThat(run("verify", ExitCode.FINDINGS, from, index).out().lines())
                    .extracting(line -> line.replaceAll("\tin .*| is aa.*", ""))
                    .containsExactly(
                            "missing\tdoc-1",
                            "missing\tdoc-25#1",
                            "extra\tmore\tnot in the source",
                            "stale\tdoc-3#0\tthe text differs",
                            "stale\tdoc-5#0\tother fields: price",
                            "encoder\tdoc-4#0\tits encoder");
        }
    }

    private static void send(String method, String url, String json)
            throws IOException, InterruptedException {
        HttpResponse<String> response =
                HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(URI.create(url))
                                        .header("Content-Type", "application/json")
                                        .method(method, BodyPublishers.ofString(json))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isLessThan(300);
    }
}
