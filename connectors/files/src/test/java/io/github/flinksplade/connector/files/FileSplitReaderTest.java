package io.github.flinksplade.connector.files;

import static io.github.flinksplade.connector.files.CompressedBytes.gzip;
import static io.github.flinksplade.connector.files.CompressedBytes.zstd;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.files.FilesSourceReader.PositionedRecord;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSplitReaderTest {

    private static final int MAX_LINE = 1000;

    @TempDir Path folder;

    @Test
    void recordsContainTheirPosition() throws IOException {
        Path file = write("docs.txt", "one\n \t\r\n\n\u00a0\r\ntwo".getBytes(UTF_8));

        List<PositionedRecord> lines =
                read(FileFormat.TEXT, FileSplit.whole(file.toString(), "x/n"));

        assertThat(lines)
                .extracting(line -> text(line.record().value()))
                .containsExactly("one", "\u00a0", "two");
        assertThat(lines)
                .extracting(line -> text(line.record().key()))
                .containsExactly("x/n:1", "x/n:4", "x/n:5");
        assertThat(lines).extracting(line -> line.record().offset()).containsExactly(0L, 3L, 4L);
        assertThat(lines).extracting(line -> line.record().source()).containsOnly(file.toString());
        assertThat(lines.get(0).record().timestamp()).isEqualTo(SourceRecord.NO_TIMESTAMP);
        assertThat(lines.get(0).record().headerNames()).isEmpty();
    }

    @Test
    void setsKeysForTextOnly() throws IOException {
        Path file = write("docs.tsv", "1\tone\n".getBytes(UTF_8));

        List<PositionedRecord> lines =
                read(FileFormat.TSV, FileSplit.whole(file.toString(), "docs.tsv"));

        assertThat(lines).hasSize(1);
        assertThat(lines.get(0).record().key()).isNull();
        assertThat(text(lines.get(0).record().value())).isEqualTo("1\tone");
    }

    @Test
    void marksALongLineAsTruncated() throws IOException {
        String giant = "x".repeat(5_000_000);
        Path file = write("a.jsonl", ("a\n" + giant + "\nb\n").getBytes(UTF_8));

        List<PositionedRecord> lines = read(FileFormat.JSON, FileSplit.whole(file.toString(), "a"));

        assertThat(lines).hasSize(3);
        SourceRecord head = lines.get(1).record();
        assertThat(head.value()).hasSize(MAX_LINE);
        assertThat(head.headerNames()).containsExactly(FilesConnector.HEADER_TRUNCATED_LINE);
        assertThat(text(head.headerValues()[0])).isEqualTo("true");
        assertThat(lines.get(2).record().headerNames()).isEmpty();
    }

    @Test
    void resumesAtEveryPosition() throws IOException {
        StringBuilder text = new StringBuilder("\ufefffirst\n");
        for (int i = 0; i < 80; i++) {
            text.append("line ").append(i).append(i % 3 == 0 ? "\r\n" : "\n\n");
        }
        byte[] bytes = text.append("last").toString().getBytes(UTF_8);
        for (Path file :
                List.of(
                        write("plain.txt", bytes),
                        write("a.txt.gz", gzip(bytes)),
                        write("a.txt.zst", zstd(bytes)))) {
            List<PositionedRecord> all =
                    read(FileFormat.TEXT, FileSplit.whole(file.toString(), "n"));
            assertThat(all).hasSize(82);
            for (int i = 0; i < all.size(); i++) {
                PositionedRecord line = all.get(i);
                List<PositionedRecord> rest = read(FileFormat.TEXT, line.rest());
                assertThat(rest.stream().map(FileSplitReaderTest::summary))
                        .containsExactlyElementsOf(
                                all.subList(i + 1, all.size()).stream()
                                        .map(FileSplitReaderTest::summary)
                                        .toList());
            }
        }
    }

    @Test
    void rereadsAFileReplacedByOneOfTheSameSize() throws IOException {
        byte[] before = lines("old");
        for (String name : List.of("plain.txt", "a.txt.gz", "a.txt.zst")) {
            Path file = write(name, compress(name, before));
            FileTime modified = Files.getLastModifiedTime(file);
            FileSplit rest = read(FileFormat.TEXT, whole(file)).get(500).rest();
            assertThat(rest.position().offset()).isPositive();

            // moved over the old file, with its modification time
            Path after = write("after", compress(name, lines("new")));
            Files.setLastModifiedTime(after, modified);
            Files.move(after, file, StandardCopyOption.REPLACE_EXISTING);

            assertThat(read(FileFormat.TEXT, rest)).as(name).hasSize(1000).allMatch(isNew());
        }
    }

    @Test
    void rereadsAFileOverwrittenWithinTheResolutionOfItsTime() throws IOException {
        Path file = write("plain.txt", lines("old"));
        FileTime modified = Files.getLastModifiedTime(file);
        FileSplit rest = read(FileFormat.TEXT, whole(file)).get(500).rest();

        write("plain.txt", lines("new"));
        Files.setLastModifiedTime(file, modified);

        assertThat(FileVersion.of(file)).isEqualTo(rest.content().version());
        assertThat(read(FileFormat.TEXT, rest)).hasSize(1000).allMatch(isNew());
    }

    /** An append cannot be distinguished from another file with the same start. */
    @Test
    void rereadsAFileThatGrew() throws IOException {
        Path file = write("plain.txt", lines("new"));
        FileSplit rest = read(FileFormat.TEXT, whole(file)).get(500).rest();

        Files.write(file, lines("new"), StandardOpenOption.APPEND);

        assertThat(read(FileFormat.TEXT, rest)).hasSize(2000);
    }

    @Test
    void rereadsAFileInWhichNoLineEndsAtThePosition() throws IOException {
        byte[] bytes = "one\ntwo\nthree".getBytes(UTF_8);
        for (String name : List.of("plain.txt", "a.txt.gz", "a.txt.zst")) {
            Path file = write(name, compress(name, bytes));
            FileSplit end = read(FileFormat.TEXT, whole(file)).get(2).rest();
            for (long offset : new long[] {3, 9, 14, 1000}) {
                assertThat(
                                read(
                                        FileFormat.TEXT,
                                        end.from(new Position(offset, 1, false), end.content())))
                        .as("%s at %s", file, offset)
                        .hasSize(3);
            }
            // the end of the file ends its last line
            assertThat(end.position().offset()).isEqualTo(bytes.length);
            assertThat(read(FileFormat.TEXT, end)).isEmpty();
        }
    }

    @Test
    void leavesOutTheIncompleteLastLineOfAGrowingFile() throws IOException {
        Path file = write("a.txt", "one\ntwo\nthr".getBytes(UTF_8));
        FileSplit growing = FileSplit.completeRecords(file.toString(), "n");

        assertThat(read(FileFormat.TEXT, growing, true))
                .extracting(line -> text(line.record().value()))
                .containsExactly("one", "two");
        assertThat(read(FileFormat.TEXT, whole(file), true)).hasSize(3);
    }

    @Test
    void skipsAWatchedFileThatWasRemovedOrChangesWhileItIsRead() throws IOException {
        assertThat(read(FileFormat.TEXT, whole(folder.resolve("gone.txt")), true)).isEmpty();

        byte[] compressed = gzip(incompressible());
        Path file = write("a.txt.gz", Arrays.copyOf(compressed, compressed.length - 5));
        try (FileSplitReader reader =
                new FileSplitReader(ReadSettings.of(FileFormat.TEXT, MAX_LINE), true)) {
            reader.handleSplitsChanges(new SplitsAddition<>(List.of(whole(file))));
            assertThat(reader.fetch().finishedSplits()).isEmpty();
            Files.write(file, compressed, StandardOpenOption.APPEND);
            Set<String> finished = Set.of();
            while (finished.isEmpty()) {
                finished = reader.fetch().finishedSplits();
            }
            assertThat(finished).containsExactly(file.toString());
        }
        // an unchanged truncated file is corrupt
        write("a.txt.gz", Arrays.copyOf(compressed, compressed.length - 5));
        assertThatThrownBy(() -> read(FileFormat.TEXT, whole(file), true))
                .isInstanceOf(PermanentFailureException.class);
    }

    /** Larger than a batch and the buffers. */
    private static byte[] incompressible() {
        Random random = new Random(1);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            lines.append(Long.toHexString(random.nextLong())).append('\n');
        }
        return lines.toString().getBytes(UTF_8);
    }

    private static FileSplit whole(Path file) {
        return FileSplit.whole(file.toString(), "n");
    }

    private static Predicate<PositionedRecord> isNew() {
        return line -> text(line.record().value()).startsWith("new");
    }

    /** 1,000 lines of the same length, for any prefix of three letters. */
    private static byte[] lines(String prefix) {
        return IntStream.range(0, 1000)
                .mapToObj(i -> prefix + " " + (1000 + i) + "\n")
                .collect(Collectors.joining())
                .getBytes(UTF_8);
    }

    private static byte[] compress(String name, byte[] bytes) throws IOException {
        return switch (Compression.of(name)) {
            case NONE -> bytes;
            case GZIP -> gzip(bytes);
            case ZSTD -> zstd(bytes);
        };
    }

    @Test
    void reportsTruncatedAndMissingFiles() throws IOException {
        byte[] bytes = "one\ntwo\nthree\n".repeat(1000).getBytes(UTF_8);
        Path gz = write("a.txt.gz", Arrays.copyOf(gzip(bytes), gzip(bytes).length - 5));
        Path zst = write("a.txt.zst", Arrays.copyOf(zstd(bytes), zstd(bytes).length - 5));
        Path truncated = write("b.txt.gz", Arrays.copyOf(gzip(bytes), 30));

        for (Path file : List.of(gz, zst, truncated)) {
            assertThatThrownBy(() -> read(FileFormat.TEXT, FileSplit.whole(file.toString(), "")))
                    .isInstanceOf(PermanentFailureException.class)
                    .hasMessageContaining("cannot read " + file + ": it is truncated")
                    .hasMessageEndingWith(". Replace the file and start the job again");
        }
        Path missing = folder.resolve("gone.txt");
        assertThatThrownBy(() -> read(FileFormat.TEXT, FileSplit.whole(missing.toString(), "")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("cannot read " + missing + ": the file does not exist");
    }

    @Test
    void treatsOnlyUnrecoverableFailuresAsPermanent() {
        IOException corrupt = new CorruptFileException("it is corrupt");
        assertThat(FileSplitReader.failure("a", corrupt, false))
                .isInstanceOf(PermanentFailureException.class);
        assertThat(FileSplitReader.failure("a", new AccessDeniedException("a"), false))
                .isInstanceOf(PermanentFailureException.class)
                .hasMessage(
                        "cannot read a: permission denied. Make it readable and start the job"
                                + " again");
        // a file that is being replaced, a disk that fails, a file system that is not mounted
        assertThat(FileSplitReader.failure("a", corrupt, true))
                .isNotInstanceOf(PermanentFailureException.class);
        assertThat(FileSplitReader.failure("a", new IOException("Input/output error"), false))
                .isNotInstanceOf(PermanentFailureException.class)
                .hasMessage("cannot read a: Input/output error");
        assertThat(FileSplitReader.failure("a", new NoSuchFileException("a"), true))
                .isNotInstanceOf(PermanentFailureException.class);
    }

    @Test
    void resumesAtEveryPositionInEveryFormat() throws IOException {
        String pretty = "{\n  \"n\": {\"\u00e9\": 1}\n}";
        Map<ReadSettings, String> inputs =
                Map.of(
                        ReadSettings.of(FileFormat.JSON, MAX_LINE),
                        "[" + (pretty + ", {\"m\":2},\n").repeat(40) + "] x\n{}\n[4]",
                        ReadSettings.of(FileFormat.CSV, MAX_LINE),
                        "\n\"a\nb\",c\r\n" + "1,\"\u00e9\r\n\"\n2,\n\n".repeat(40) + "3,\"x",
                        new ReadSettings(
                                FileFormat.TSV,
                                new CsvDialect("\t", true, true),
                                "UTF-8",
                                MAX_LINE),
                        "a\tb\n" + "1\t\"\u00e9\n\"\n2\t3\"\n".repeat(40));
        for (Map.Entry<ReadSettings, String> input : inputs.entrySet()) {
            for (String charset : List.of("UTF-8", "windows-1252", "UTF-16")) {
                byte[] bytes = input.getValue().getBytes(Charset.forName(charset));
                ReadSettings settings =
                        new ReadSettings(
                                input.getKey().format(),
                                input.getKey().dialect(),
                                charset.equals("UTF-16") ? "UTF-8" : charset,
                                MAX_LINE);
                for (String name : List.of("plain", "a.gz", "a.zst")) {
                    Path file = write(name, compress(name, bytes));
                    List<PositionedRecord> all = read(settings, whole(file), false);
                    assertThat(all)
                            .as("%s in %s", settings, charset)
                            .hasSizeGreaterThanOrEqualTo(80);
                    String values = all.stream().map(r -> text(r.record().value())).toList() + "";
                    assertThat(values).contains("\u00e9");
                    for (int i = 0; i < all.size(); i++) {
                        assertThat(read(settings, all.get(i).rest(), false).stream().map(this::all))
                                .as("%s in %s after record %s", settings, charset, i)
                                .containsExactlyElementsOf(
                                        all.subList(i + 1, all.size()).stream()
                                                .map(this::all)
                                                .toList());
                    }
                }
            }
        }
    }

    private String all(PositionedRecord positioned) {
        SourceRecord record = positioned.record();
        return record.offset()
                + "|"
                + text(record.value())
                + "|"
                + Arrays.toString(record.headerNames())
                + Arrays.deepToString(record.headerValues())
                + positioned.rest().position();
    }

    @Test
    void recordsOfCsvContainTheHeaderRow() throws IOException {
        Path file = write("a.csv", "\ufeffa,b\n1,2\n".getBytes(UTF_8));
        SourceRecord record = read(FileFormat.CSV, whole(file)).get(0).record();
        assertThat(record.headerNames()).containsExactly(FilesConnector.HEADER_CSV);
        assertThat(text(record.headerValues()[0])).isEqualTo("a,b");
        assertThat(text(record.value())).isEqualTo("1,2");
        assertThat(record.offset()).isEqualTo(1);
        assertThat(record.key()).isNull();
    }

    @Test
    void readsADocumentPerFile() throws IOException {
        byte[] utf16 = "\ufeff\u00e9".getBytes(StandardCharsets.UTF_16LE);
        for (String name : List.of("plain.txt", "a.txt.gz")) {
            Path file = write(name, compress(name, utf16));
            List<PositionedRecord> all =
                    read(FileFormat.FILE, FileSplit.whole(file.toString(), "x/n"));
            assertThat(all).hasSize(1);
            assertThat(all.get(0).record().value()).isEqualTo(utf16);
            assertThat(text(all.get(0).record().key())).isEqualTo("x/n");
            assertThat(read(FileFormat.FILE, all.get(0).rest())).isEmpty();
        }
        Path empty = write("empty.txt", new byte[0]);
        List<PositionedRecord> all = read(FileFormat.FILE, whole(empty));
        assertThat(all).hasSize(1);
        assertThat(read(FileFormat.FILE, all.get(0).rest())).isEmpty();

        Path large = write("large.txt.gz", gzip(new byte[MAX_LINE + 1]));
        all = read(FileFormat.FILE, whole(large));
        assertThat(all).hasSize(1);
        assertThat(all.get(0).record().value()).hasSize(MAX_LINE);
        assertThat(all.get(0).record().headerNames())
                .containsExactly(FilesConnector.HEADER_TRUNCATED_LINE);
        assertThat(read(FileFormat.FILE, all.get(0).rest())).isEmpty();
        assertThat(read(FileFormat.FILE, whole(write("max.txt", new byte[MAX_LINE]))))
                .allMatch(record -> record.record().headerNames().length == 0);
    }

    @Test
    void emitsATombstoneForADeletedFile() throws IOException {
        FileSplit deleted = FileSplit.deleted(folder.resolve("gone.md").toString(), "x/gone.md");
        List<PositionedRecord> all = read(FileFormat.FILE, deleted, true);
        assertThat(all).hasSize(1);
        assertThat(text(all.get(0).record().key())).isEqualTo("x/gone.md");
        assertThat(all.get(0).record().value()).isNull();
        assertThat(read(FileFormat.FILE, all.get(0).rest(), true)).isEmpty();
    }

    @Test
    void leavesOutIncompleteRecordsOfAGrowingFile() throws IOException {
        Map<FileFormat, String> inputs =
                Map.of(
                        FileFormat.JSON, "[{\"a\":1},\n{\"b\":2}\n,{\"c\":\n",
                        FileFormat.CSV, "a,b\n1,2\n3,4\n5,\"6\n");
        for (Map.Entry<FileFormat, String> input : inputs.entrySet()) {
            Path file = write("a", input.getValue().getBytes(UTF_8));
            FileSplit growing = FileSplit.completeRecords(file.toString(), "n");
            assertThat(read(input.getKey(), growing, true)).hasSize(2);
            assertThat(read(input.getKey(), whole(file), true)).hasSize(3);
        }
        for (String start : List.of("", "a,b", "[", "{\n\"a\":")) {
            Path file = write("a", start.getBytes(UTF_8));
            FileSplit growing = FileSplit.completeRecords(file.toString(), "n");
            assertThat(read(FileFormat.CSV, growing, true)).isEmpty();
            assertThat(read(FileFormat.JSON, growing, true)).isEmpty();
        }
        Path onlyHeader = write("a", "a,b\n".getBytes(UTF_8));
        FileSplit growing = FileSplit.completeRecords(onlyHeader.toString(), "n");
        assertThat(read(FileFormat.CSV, growing, true)).isEmpty();
        assertThat(read(FileFormat.CSV, whole(onlyHeader), true)).hasSize(1);
    }

    private static String summary(PositionedRecord line) {
        return text(line.record().key())
                + "|"
                + line.record().offset()
                + "|"
                + line.rest().position().offset()
                + "|"
                + text(line.record().value());
    }

    private static List<PositionedRecord> read(FileFormat format, FileSplit split)
            throws IOException {
        return read(format, split, false);
    }

    private static List<PositionedRecord> read(FileFormat format, FileSplit split, boolean watched)
            throws IOException {
        return read(ReadSettings.of(format, MAX_LINE), split, watched);
    }

    private static List<PositionedRecord> read(
            ReadSettings settings, FileSplit split, boolean watched) throws IOException {
        List<PositionedRecord> lines = new ArrayList<>();
        try (FileSplitReader reader = new FileSplitReader(settings, watched)) {
            reader.handleSplitsChanges(new SplitsAddition<>(List.of(split)));
            while (true) {
                RecordsWithSplitIds<PositionedRecord> batch = reader.fetch();
                while (batch.nextSplit() != null) {
                    for (PositionedRecord line = batch.nextRecordFromSplit();
                            line != null;
                            line = batch.nextRecordFromSplit()) {
                        lines.add(line);
                    }
                }
                if (!batch.finishedSplits().isEmpty()) {
                    assertThat(batch.finishedSplits()).containsExactly(split.splitId());
                    return lines;
                }
            }
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }
}
