package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.environment.HomeDirectory;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesSinkTest {

    @TempDir Path folder;

    @Test
    void createsItsFolder() {
        sink("a/vectors.jsonl").prepare(TestRecords.context(), StartMode.NEW);
        assertThat(folder.resolve("a/vectors.jsonl")).isDirectory();
    }

    @Test
    void expandsATilde() {
        String home = HomeDirectory.of(System.getenv()).normalize().toString();
        assertThat(new FilesSink(ConnectorUri.parse("file:~/a/../vectors?text=true")).identity())
                .isEqualTo("file:" + home + "/vectors");
        assertThatThrownBy(() -> new FilesDeadLetters(ConnectorUri.parse("file:~ann/dead.jsonl")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("home directory of another user");
    }

    @Test
    void rejectsAFileAtItsPath() throws IOException {
        Files.writeString(folder.resolve("vectors.jsonl"), "mine");

        assertThatThrownBy(
                        () -> sink("vectors.jsonl").prepare(TestRecords.context(), StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(folder.resolve("vectors.jsonl") + " is a file")
                .hasMessageContaining("Use another path, or remove the file");
        assertThatThrownBy(
                        () -> sink("vectors.jsonl/x").prepare(TestRecords.context(), StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("cannot create the folder")
                .hasMessageContaining(folder.resolve("vectors.jsonl/x") + ": Not a directory");
    }

    @Test
    void rejectsTheFolderOfAnEarlierRun() throws IOException {
        Files.createDirectories(folder.resolve("v"));
        Files.writeString(folder.resolve("v/.part-x.jsonl.inprogress.1"), "half");
        assertThatCode(() -> sink("v").prepare(TestRecords.context(), StartMode.NEW))
                .doesNotThrowAnyException();

        Files.writeString(
                folder.resolve("v/part-x-0.jsonl"),
                "{\"id\":\"1\",\"version\":1,\"op\":\"delete\"}\n{\"id\":\"1\",\"encoder\":\""
                        + TestRecords.PROVENANCE.fingerprint()
                        + "\"}\n");
        assertThatThrownBy(() -> sink("v?text=true").prepare(TestRecords.context(), StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(
                        folder.resolve("v") + " contains the vectors of an earlier run")
                .hasMessageContaining("--state")
                .hasMessageContaining("v?text=true&append=true");
        for (StartMode start : List.of(StartMode.RESUME, StartMode.UNKNOWN, StartMode.REINDEX)) {
            assertThatCode(() -> sink("v").prepare(TestRecords.context(), start))
                    .doesNotThrowAnyException();
        }
        assertThatCode(() -> sink("v?append=true").prepare(TestRecords.context(), StartMode.NEW))
                .doesNotThrowAnyException();
    }

    @Test
    void rejectsVectorsOfAnotherEncoder() throws IOException {
        Files.createDirectories(folder.resolve("v"));
        Files.writeString(
                folder.resolve("v/part-x-0.jsonl"), "{\"id\":\"1\",\"encoder\":\"0123456789\"}\n");
        for (StartMode start : StartMode.values()) {
            assertThatThrownBy(() -> sink("v?append=true").prepare(TestRecords.context(), start))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("contains vectors of another encoder (0123456789");
        }
        Files.writeString(folder.resolve("v/part-x-0.jsonl"), "not JSON\n");
        assertThatThrownBy(
                        () -> sink("v?append=true").prepare(TestRecords.context(), StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("part-x-0.jsonl is not a part file of flink-splade");
    }

    @Test
    void reportsFullDisk() throws IOException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full, which Linux has");
        VectorJson json =
                new VectorJson(
                        VectorJson.Form.INDICES,
                        false,
                        TestRecords.PROVENANCE,
                        TestRecords.context().vocabulary());
        try (OutputStream full = new FileOutputStream("/dev/full")) {
            assertThatThrownBy(
                            () ->
                                    new FilesSink.LineEncoder("/x/vectors.jsonl", json)
                                            .encode(TestRecords.upsert("1"), full))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessage("cannot write to /x/vectors.jsonl: No space left on device");
        }
    }

    private PreparedSink prepared(String path) {
        return sink(path).prepare(TestRecords.context(), StartMode.NEW);
    }

    @Test
    void rejectsDeletesForAnserini() {
        assertThat(prepared("v?format=anserini").rejection(TestRecords.delete("1")))
                .contains("anserini");
        assertThat(prepared("v?format=anserini").rejection(TestRecords.upsert("1"))).isNull();
        assertThat(prepared("v?format=lucene").rejection(TestRecords.delete("1"))).isNull();
    }

    @Test
    void rejectsIdsThatStopAnserinisIndexer() {
        PreparedSink anserini = prepared("v?format=anserini");
        assertThat(anserini.rejection(TestRecords.upsert("x".repeat(32_766)))).isNull();
        assertThat(anserini.rejection(TestRecords.upsert("\u00e9".repeat(16_384))))
                .isEqualTo("its id has 32768 bytes, but Anserini accepts at most 32766");
        assertThat(prepared("v").rejection(TestRecords.upsert("x".repeat(40_000)))).isNull();
    }

    @Test
    void checksTheEncoderOfPartFilesForAnserini() throws IOException {
        Files.createDirectories(folder.resolve("v"));
        VectorJson json =
                new VectorJson(
                        VectorJson.Form.ANSERINI,
                        true,
                        TestRecords.PROVENANCE,
                        TestRecords.context().vocabulary());
        Files.writeString(
                folder.resolve("v/part-x-0.jsonl"), json.line(TestRecords.upsert("1")) + "\n");
        String path = "v?format=anserini&append=true";
        assertThatCode(() -> sink(path).prepare(TestRecords.context(), StartMode.NEW))
                .doesNotThrowAnyException();
        Provenance other = new Provenance("m", "xx", "cd", "fp32", "none", 128);
        SinkContext context =
                new SinkContext("files", "job", other, TestRecords.context().vocabulary(), false);
        assertThatThrownBy(() -> sink(path).prepare(context, StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("contains vectors of another encoder");
    }

    @Test
    void rejectsInvalidOptions() {
        assertThatThrownBy(() -> sink("v?format=csv"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("[indices, lucene, anserini]");
        assertThatThrownBy(() -> sink("v?txt=true"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("did you mean 'text'?");
        assertThatThrownBy(() -> sink("v?format=anserini&text=false"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("always contains the text");
    }

    private FilesSink sink(String path) {
        return new FilesSink(ConnectorUri.parse("file:" + folder + "/" + path));
    }
}
