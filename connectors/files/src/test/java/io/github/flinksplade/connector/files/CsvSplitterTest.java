package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.junit.jupiter.api.Test;

class CsvSplitterTest {

    private static final CsvDialect HEADERLESS = new CsvDialect(",", false, true);

    @Test
    void splitsRowsAtLineFeedsOutsideOfQuotationMarks() throws IOException {
        assertThat(rows("\ufeffa,b\r\n1,\"x\r\ny\"\r\n\r\n2,\"\"\"\n\"\"\"\n3,z", true))
                .containsExactly("1,\"x\r\ny\"", "2,\"\"\"\n\"\"\"", "3,z");
        assertThat(rows("1,a\"b\n2,c\"\n", false)).containsExactly("1,a\"b", "2,c\"");
        assertThat(rows("1, \"a\n2\n", false)).containsExactly("1, \"a", "2");
        assertThat(rows("\"\",\"\"\n\"\"\n", false)).containsExactly("\"\",\"\"", "\"\"");
    }

    @Test
    void supportsAnyDelimiter() throws IOException {
        for (String delimiter : List.of(";", "|", "\t", "\u00a6", "\ud83d\ude00")) {
            String row = "1" + delimiter + "\"x\n" + delimiter + "\"" + delimiter;
            assertThat(rows(row + "\n" + row, new CsvDialect(delimiter, false, true)))
                    .containsExactly(row, row);
        }
    }

    @Test
    void splitsLinesWithoutQuotes() throws IOException {
        CsvDialect unquoted = new CsvDialect("\t", true, false);
        assertThat(rows("id\ttext\n1\t\"a\n2\tb\"\r\n\"", unquoted))
                .containsExactly("1\t\"a", "2\tb\"", "\"");
    }

    @Test
    void repeatsTheHeaderRow() throws IOException {
        CsvSplitter splitter =
                splitter("\n\n\"a\nb\",c\n1,2\n", CsvDialect.CSV, Position.START, 1000);
        assertThat(splitter.next()).isTrue();
        assertThat(text(splitter.headerRow())).isEqualTo("\"a\nb\",c");
        assertThat(splitter.number()).isEqualTo(4);
        assertThat(splitter.isTerminated()).isTrue();
        assertThat(splitter.next()).isFalse();
    }

    @Test
    void emitsARecordForAFileWithoutRecords() throws IOException {
        assertThat(rows("", true)).containsExactly("");
        assertThat(rows("\n \n", true)).containsExactly("");
        assertThat(rows("a,b", true)).containsExactly("a,b");
        assertThat(rows("a,b\n\n", true)).containsExactly("a,b");
        assertThat(rows("", false)).isEmpty();
    }

    @Test
    void readsTheLinesAfterAnUnclosedQuotationMark() throws IOException {
        assertThat(rows("a,b\n1,\"x\n2,y\n3,z\n", true)).containsExactly("1,\"x", "2,y", "3,z");
        assertThat(rows("1,\"x", false)).containsExactly("1,\"x");
    }

    @Test
    void truncatesLargeRows() throws IOException {
        String large = "\"" + "x\n".repeat(200_000) + "\"";
        CsvSplitter splitter = splitter(large + ",1\r\n2,y\n", HEADERLESS, Position.START, 100);
        splitter.next();
        assertThat(splitter.isTruncated()).isTrue();
        assertThat(text(splitter.record())).isEqualTo(large.substring(0, 100));
        splitter.next();
        assertThat(text(splitter.record())).isEqualTo("2,y");
        assertThat(splitter.number()).isEqualTo(200_001);
        assertThat(splitter.isTruncated()).isFalse();

        assertThatThrownBy(() -> splitter(large, CsvDialect.CSV, Position.START, 100).next())
                .isInstanceOf(CorruptFileException.class)
                .hasMessageContaining("header");
    }

    @Test
    void agreesWithCommonsCsv() throws IOException {
        String[] parts = {"a", "b c", ",", ",", "\n", "\r\n", "\"x\n,\"\"y\"", "\"\"", "\u00e9"};
        CSVFormat format = CSVFormat.DEFAULT.builder().setIgnoreEmptyLines(true).build();
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            boolean isCellStart = true;
            for (int i = random.nextInt(30); i > 0; i--) {
                String part = parts[random.nextInt(parts.length)];
                if (part.startsWith("\"") && !isCellStart) {
                    part = ",";
                }
                text.append(part);
                isCellStart = part.equals(",") || part.endsWith("\n");
                if (part.startsWith("\"")) {
                    text.append(",");
                    isCellStart = true;
                }
            }
            List<List<String>> expected = new ArrayList<>();
            try (CSVParser parser = format.parse(new StringReader(text.toString()))) {
                parser.forEach(row -> expected.add(row.toList()));
            }
            List<List<String>> found = new ArrayList<>();
            for (String row : rows(text.toString(), false)) {
                try (CSVParser parser = format.parse(new StringReader(row))) {
                    found.add(parser.getRecords().get(0).toList());
                }
            }
            assertThat(found).as("seed %s:%n%s", seed, text).isEqualTo(expected);
        }
    }

    private static List<String> rows(String text, boolean hasHeader) throws IOException {
        return rows(text, hasHeader ? CsvDialect.CSV : HEADERLESS);
    }

    /** The rows, after verification that a splitter at each position finds the same. */
    private static List<String> rows(String text, CsvDialect dialect) throws IOException {
        CsvSplitter splitter = splitter(text, dialect, Position.START, 1000);
        List<String> all = new ArrayList<>();
        List<Position> positions = new ArrayList<>();
        while (splitter.next()) {
            all.add(splitter.number() + ":" + text(splitter.record()));
            positions.add(splitter.end());
        }
        for (int i = 0; i < all.size(); i++) {
            CsvSplitter resumed = splitter(text, dialect, positions.get(i), 1000);
            List<String> rest = new ArrayList<>();
            while (resumed.next()) {
                assertThat(resumed.headerRow()).isEqualTo(splitter.headerRow());
                rest.add(resumed.number() + ":" + text(resumed.record()));
            }
            assertThat(rest)
                    .as("after row %s of %s", i, text)
                    .isEqualTo(all.subList(i + 1, all.size()));
        }
        return all.stream().map(row -> row.substring(row.indexOf(':') + 1)).toList();
    }

    private static CsvSplitter splitter(
            String text, CsvDialect dialect, Position start, int maxRecord) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        int offset = (int) start.offset();
        byte[] headerRow =
                dialect.hasHeader() && offset > 0
                        ? CsvSplitter.headerRow(new ByteArrayInputStream(bytes), dialect, maxRecord)
                        : null;
        return new CsvSplitter(
                new ByteArrayInputStream(bytes, offset, bytes.length - offset),
                start,
                dialect,
                headerRow,
                maxRecord);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }
}
