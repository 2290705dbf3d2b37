package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One job with several sinks: a Lucene index, a real OpenSearch node that is killed, the fake
 * Qdrant server, and a directory for Anserini.
 */
class ManySinksITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private static Path servers;
    private static ServerProcess openSearch;
    private static ServerProcess qdrant;

    @TempDir private Path directory;
    private Path log;
    private Process job;

    @BeforeAll
    static void startServers() throws IOException {
        openSearch = ServerProcess.openSearch(servers.resolve("opensearch"));
        qdrant = ServerProcess.qdrant(servers.resolve("qdrant"));
    }

    @AfterAll
    static void stopServers() {
        openSearch.close();
        qdrant.close();
    }

    @BeforeEach
    void folders() throws IOException {
        log = directory.resolve("log");
        Files.createDirectory(directory.resolve("in"));
    }

    @AfterEach
    void stopJob() throws Exception {
        if (job != null) {
            job.descendants().forEach(ProcessHandle::destroy);
            job.destroy();
            job.waitFor();
        }
        if (!openSearch.isAlive()) { // a test has failed, but not the next one
            openSearch.start();
        }
    }

    /** Moves a file of documents to the watched directory. */
    private void documents(String file, int from, int to) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = from; i < to; i++) {
            lines.append(
                    "{\"id\":\"doc-"
                            + i
                            + "\",\"text\":\"A car of the kind number "
                            + i
                            + ".\"}\n");
        }
        Path written = directory.resolve(file);
        Files.writeString(written, lines);
        Files.move(written, directory.resolve("in/" + file), StandardCopyOption.ATOMIC_MOVE);
    }

    private void start(String... more) throws IOException {
        List<String> arguments =
                new java.util.ArrayList<>(
                        List.of(
                                "run",
                                "--from",
                                "file:in?watch=true",
                                "--to",
                                "lucene:idx",
                                "--dead-letters",
                                "file:dead.jsonl",
                                "--state",
                                "state",
                                "--checkpoint-interval",
                                "500 ms"));
        arguments.addAll(List.of(more));
        job = Distribution.start(directory, log, arguments.toArray(String[]::new));
    }

    private String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The ids of all documents that an index finds for a term of every document. */
    private static Set<String> ids(String index) {
        Outcome search =
                MainTest.run("", "search", "--index", index, "-k", "1000", "--json", "car");
        assertThat(search.code()).as(search.err()).isZero();
        Set<String> ids = new TreeSet<>();
        search.out().lines().forEach(line -> ids.add(read(line).get("id").textValue()));
        return ids;
    }

    /** The ids of all documents that are stored, without a search, which loads the model. */
    private static Set<String> storedIds(String index) {
        ConnectorUri uri = ConnectorUri.parse(index);
        return uri.scheme().equals("lucene") ? inLucene(uri) : inOpenSearch(index);
    }

    private static Set<String> inLucene(ConnectorUri index) {
        Set<String> ids = new TreeSet<>();
        try {
            VectorSource vectors = Connectors.of(index).vectors(index);
            try (VectorSource.Reader reader = vectors.open()) {
                for (long i = 0; i < vectors.positions(); i++) {
                    VectorRecord record = reader.read(i);
                    if (record != null) {
                        ids.add(record.id());
                    }
                }
            }
        } catch (ConnectorException e) {
            return Set.of(); // not created yet
        }
        return ids;
    }

    private static Set<String> inOpenSearch(String index) {
        URI search =
                URI.create(
                        index.replace("opensearch:", "http:").replaceAll("[?].*", "")
                                + "/_search?size=1000&_source=id");
        Set<String> ids = new TreeSet<>();
        try {
            String answer =
                    HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(search).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body();
            for (JsonNode hit : JSON.readTree(answer).path("hits").path("hits")) {
                ids.add(hit.path("_source").path("id").textValue());
            }
        } catch (IOException e) {
            return Set.of(); // starting
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return ids;
    }

    private String lucene() {
        return "lucene:" + directory.resolve("idx");
    }

    private List<String> deadLetters() {
        Path file = directory.resolve("dead.jsonl");
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command in this JVM. */
    private static Outcome run(int code, String... arguments) {
        Outcome outcome = MainTest.run("", arguments);
        assertThat(outcome.code()).as(outcome.err()).isEqualTo(code);
        return outcome;
    }

    private static JsonNode read(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitIds(String index, int count) {
        Distribution.await(count + " in " + index, () -> storedIds(index).size() == count);
        assertThat(ids(index)).hasSize(count);
    }

    @Test
    void encodesEachDocumentOnceForAllSinks() throws Exception {
        documents("a.jsonl", 0, 40);
        String atOpenSearch = "opensearch://" + openSearch.authority() + "/alike?refresh=true";
        String atQdrant = "qdrant://" + qdrant.authority() + "/alike";
        Path anserini = directory.resolve("anserini");
        Outcome run =
                run(
                        0,
                        "run",
                        "--from",
                        "file:" + directory.resolve("in"),
                        "--to",
                        lucene(),
                        "--to",
                        atOpenSearch,
                        "--to",
                        atQdrant,
                        "--to",
                        "file:" + anserini + "?format=anserini");
        assertThat(run.err())
                .contains("read 40; encoded 40;")
                .contains("written 40 to " + lucene())
                .contains("written 40 to " + atOpenSearch)
                .contains("written 40 to " + atQdrant)
                .contains("written 40 to file:" + anserini)
                .contains("Dead letters: 0.");
        String[] search = {"search", "--json", "-k", "7", "--index", "", "the car number 12"};
        search[5] = lucene();
        String expected = run(0, search).out();
        assertThat(expected.lines()).hasSize(7);
        for (String index : List.of(atOpenSearch, atQdrant)) {
            search[5] = index;
            assertThat(hits(run(0, search).out())).isEqualTo(hits(expected));
        }
        assertThat(Distribution.parts(anserini))
                .hasSize(40)
                .allMatch(line -> line.contains("\"vector\":{"));
    }

    /** The hits, with ids, scores, texts and contributions of terms. */
    private static List<JsonNode> hits(String out) {
        return out.lines().map(ManySinksITCase::read).toList();
    }

    /**
     * Starts a job, kills its OpenSearch node, adds documents, and waits until the job reports
     * that.
     */
    private void startAndKillServer(String index) throws IOException {
        documents("a.jsonl", 0, 5);
        start("--to", index);
        awaitIds(index, 5);
        openSearch.kill();
        documents("b.jsonl", 5, 15);
        Distribution.await(
                "a report about the unavailable server",
                () -> log().contains("is unavailable, retrying: "));
    }

    @Test
    void waitsForAnUnavailableServerWithoutLoss() throws Exception {
        String index = "opensearch://" + openSearch.authority() + "/waits?refresh=true";
        startAndKillServer(index);
        assertThat(job.isAlive()).isTrue();
        assertThat(Files.exists(directory.resolve("dead.jsonl"))).isFalse();
        openSearch.start();
        awaitIds(index, 15);
        awaitIds(lucene(), 15);
        assertThat(Files.exists(directory.resolve("dead.jsonl"))).isFalse();
    }

    @Test
    void restartsWhileAServerIsUnavailable() throws Exception {
        String index = "opensearch://" + openSearch.authority() + "/dies?refresh=true";
        startAndKillServer(index);
        job.descendants().forEach(ProcessHandle::destroyForcibly);
        job.destroyForcibly().waitFor();
        start("--to", index);
        Distribution.await(
                "a start without the server", () -> log().contains("Starting while opensearch:"));
        openSearch.start();
        awaitIds(index, 15);
        awaitIds(lucene(), 15);
        assertThat(Files.exists(directory.resolve("dead.jsonl"))).isFalse();
    }

    /** A resumed job writes only changes, so that a recreated index would be incomplete. */
    @Test
    void recreatesAMissingIndexOnlyOnReindex() throws Exception {
        documents("a.jsonl", 0, 5);
        String index = "opensearch://" + openSearch.authority() + "/deleted?refresh=true";
        String[] run = {
            "run",
            "--from",
            "file:" + directory.resolve("in"),
            "--to",
            lucene(),
            "--to",
            index,
            "--state",
            directory.resolve("state").toString()
        };
        run(0, run);
        URI deleted = URI.create("http://" + openSearch.authority() + "/deleted");
        HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(deleted).DELETE().build(),
                        HttpResponse.BodyHandlers.discarding());
        assertThat(run(1, run).err())
                .contains("the index 'deleted' at ")
                .contains(" is missing or empty")
                .contains("--reindex");
        String[] reindex = Arrays.copyOf(run, run.length + 1);
        reindex[run.length] = "--reindex";
        run(0, reindex);
        assertThat(ids(index)).hasSize(5);
        Files.move(directory.resolve("idx"), directory.resolve("elsewhere"));
        assertThat(run(1, run).err()).contains("idx is missing or empty").contains("--reindex");
        run(0, reindex);
        assertThat(ids(lucene())).hasSize(5);
        run(0, run);
    }

    @Test
    void continuesWithoutAnUnavailableSinkAndReportsItsDeadLetters() throws Exception {
        String index =
                "opensearch://"
                        + openSearch.authority()
                        + "/continues?refresh=true&outage=dead-letters&outage-after=1s";
        documents("a.jsonl", 0, 5);
        start("--to", index);
        awaitIds(index, 5);
        openSearch.kill();
        documents("b.jsonl", 5, 15);
        awaitIds(lucene(), 15);
        Distribution.await("ten dead letters", () -> deadLetters().size() == 10);
        Set<String> missed = new TreeSet<>();
        for (String line : deadLetters()) {
            JsonNode letter = read(line);
            assertThat(letter.get("sink").textValue()).startsWith("opensearch://");
            assertThat(letter.get("__connect.errors.stage").textValue()).isEqualTo("WRITE");
            byte[] value = Base64.getDecoder().decode(letter.get("value").textValue());
            String id = read(new String(value, StandardCharsets.UTF_8)).get("id").textValue();
            assertThat(missed.add(id)).as(id).isTrue();
        }
        openSearch.start();
        awaitIds(index, 5);
        documents("c.jsonl", 15, 20);
        awaitIds(lucene(), 20);
        Distribution.await("the last five", () -> storedIds(index).size() >= 10);
        Set<String> all = new TreeSet<>(ids(index));
        assertThat(all).doesNotContainAnyElementsOf(missed);
        all.addAll(missed);
        assertThat(all).hasSize(20);
    }
}
