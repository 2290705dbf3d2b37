package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterWriterTest {

    @TempDir Path folder;

    @Test
    void writesADeadLetterAsOneLine() throws IOException {
        byte[] value = {0, (byte) 0xFF, '\n'};
        DeadLetter letter =
                new DeadLetter(
                        new SourceRecord(
                                "topic",
                                2,
                                5_000_000_000L,
                                1234,
                                "k".getBytes(UTF_8),
                                value,
                                new String[] {"h", "h"},
                                new byte[][] {"v".getBytes(UTF_8), null}),
                        DeadLetter.Stage.WRITE,
                        "sink-1",
                        "java.lang.Exception",
                        "wrong:\n\"this\"");

        String line = DeadLetterWriter.json(letter);

        assertThat(line)
                .isEqualTo(
                        "{\"__connect.errors.topic\":\"topic\",\"__connect.errors.partition\":2,"
                                + "\"__connect.errors.offset\":5000000000,"
                                + "\"__connect.errors.stage\":\"WRITE\","
                                + "\"__connect.errors.exception.class.name\":\"java.lang.Exception\","
                                + "\"__connect.errors.exception.message\":\"wrong:\\n\\\"this\\\"\","
                                + "\"key\":\"aw==\",\"value\":\"AP8K\","
                                + "\"headers\":[{\"name\":\"h\",\"value\":\"dg==\"},"
                                + "{\"name\":\"h\",\"value\":null}],"
                                + "\"timestamp\":1234,\"sink\":\"sink-1\"}\n");
        JsonNode read = new ObjectMapper().readTree(line);
        assertThat(read.get("value").binaryValue()).isEqualTo(value);
        JsonNode withoutKey = new ObjectMapper().readTree(DeadLetterWriter.json(letter("x")));
        assertThat(withoutKey.get("key").isNull()).isTrue();
    }

    @Test
    void createsNoFileWithoutDeadLetters() throws IOException {
        try (DeadLetterWriter writer = writer()) {
            writer.flush(false);
            assertThat(length(writer)).isZero();
        }
        assertThat(file()).doesNotExist();
    }

    @Test
    void truncatesTheFileToTheCheckpoint() throws IOException {
        long checkpoint;
        try (DeadLetterWriter writer = writer()) {
            write(writer, "a", "b");
            checkpoint = length(writer);
            write(writer, "c", "d");
            writer.flush(false);
        }
        assertThat(values()).containsExactly("a", "b", "c", "d");

        try (DeadLetterWriter writer = writer()) {
            writer.truncateTo(checkpoint);
            assertThat(values()).containsExactly("a", "b");
            write(writer, "c");
            assertThat(length(writer)).isEqualTo(Files.size(file()));
        }
        assertThat(values()).containsExactly("a", "b", "c");

        try (DeadLetterWriter writer = writer()) {
            writer.truncateTo(0);
            assertThat(length(writer)).isZero();
        }
    }

    @Test
    void appendsToTheFileOfAnEarlierRun() throws IOException {
        try (DeadLetterWriter writer = writer()) {
            write(writer, "a");
            writer.flush(true);
        }
        long earlier = Files.size(file());
        Files.writeString(file(), Files.readString(file()) + "{\"half a l");

        try (DeadLetterWriter writer = writer()) {
            assertThat(length(writer)).isGreaterThan(earlier);
            write(writer, "b");
            writer.flush(true);
        }

        List<String> lines = Files.readAllLines(file());
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).isEqualTo("{\"half a l");
        assertThat(new ObjectMapper().readTree(lines.get(2)).get("value").binaryValue())
                .isEqualTo("b".getBytes(UTF_8));
    }

    @Test
    void createsANewFileAfterTheOldOneWasMoved() throws IOException {
        try (DeadLetterWriter writer = writer()) {
            write(writer, "a", "b");
            long checkpoint = length(writer);
            Files.move(file(), folder.resolve("handled.jsonl"));
            write(writer, "c");
            assertThat(length(writer)).isLessThan(checkpoint).isEqualTo(Files.size(file()));
        }
        assertThat(values()).containsExactly("c");

        Files.delete(file());
        try (DeadLetterWriter writer = writer()) {
            writer.truncateTo(1000);
            write(writer, "d");
            writer.flush(true);
        }
        assertThat(values()).containsExactly("d");
    }

    @Test
    void rejectsASecondWriterOfTheFile() throws IOException {
        try (DeadLetterWriter first = writer();
                DeadLetterWriter second = writer()) {
            write(first, "a");
            first.flush(false);
            write(second, "b");
            assertThatThrownBy(() -> second.flush(false))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("another job is writing its dead letters to " + file());
        }
        assertThat(values()).containsExactly("a");
    }

    @Test
    void reportsUnwritableFile() {
        DeadLetterWriter writer = new DeadLetterWriter(folder.resolve("no/such/folder.jsonl"));
        write(writer, "a");
        assertThatThrownBy(() -> writer.flush(false))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("cannot write " + folder.resolve("no/such/folder.jsonl"));

        ConnectorUri uri = ConnectorUri.parse("file:" + folder);
        assertThatThrownBy(() -> new FilesConnector().deadLetters(uri).prepare("job"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(folder + " is a folder");
    }

    @Test
    void reportsFullDisk() throws IOException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "needs /dev/full, which Linux has");
        try (DeadLetterWriter writer = new DeadLetterWriter(Path.of("/dev/full"))) {
            write(writer, "a");
            assertThatThrownBy(() -> writer.flush(false))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessage("cannot write /dev/full: No space left on device");
        }
    }

    private Path file() {
        return folder.resolve("dead-letters.jsonl");
    }

    private DeadLetterWriter writer() {
        return new DeadLetterWriter(file());
    }

    private static void write(DeadLetterWriter writer, String... values) {
        for (String value : values) {
            writer.write(letter(value), null);
        }
    }

    private static long length(DeadLetterWriter writer) {
        return writer.snapshotState(1).get(0).length();
    }

    private static DeadLetter letter(String value) {
        return new DeadLetter(
                SourceRecord.of("f", 1, null, value.getBytes(UTF_8)),
                DeadLetter.Stage.PARSE,
                null,
                "X",
                "wrong");
    }

    private List<String> values() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        List<String> values = new ArrayList<>();
        for (String line : Files.readAllLines(file())) {
            values.add(new String(mapper.readTree(line).get("value").binaryValue(), UTF_8));
        }
        return values;
    }
}
