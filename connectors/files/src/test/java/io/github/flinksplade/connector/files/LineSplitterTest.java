package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineSplitterTest {

    @Test
    void splitsLinesAtLfAndCrlfOnly() throws IOException {
        assertThat(lines("a\nb\r\nc")).containsExactly("a", "b", "c");
        assertThat(lines("a\rb\n")).containsExactly("a\rb");
        assertThat(lines("a\r\r\nb\r")).containsExactly("a\r", "b\r");
        assertThat(lines("a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\n"))
                .containsExactly("a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg");
        assertThat(lines("\n\r\n\na")).containsExactly("", "", "", "a");
        assertThat(lines("a\n\n")).containsExactly("a", "");
    }

    @Test
    void acceptsALastLineWithoutLineFeed() throws IOException {
        assertThat(lines("a\nb")).containsExactly("a", "b");
        assertThat(lines("a\nb\n")).containsExactly("a", "b");
        assertThat(lines("")).isEmpty();
        assertThat(lines("a")).containsExactly("a");
    }

    @Test
    void skipsTheByteOrderMarkAtTheStartOnly() throws IOException {
        assertThat(lines("\ufeffa\n\ufeffb")).containsExactly("a", "\ufeffb");
        assertThat(lines("\ufeff")).isEmpty();
        assertThat(lines("\ufeff\na")).containsExactly("", "a");

        byte[] bytes = "x\n\ufeffb".getBytes(StandardCharsets.UTF_8);
        LineSplitter later =
                new LineSplitter(
                        new ByteArrayInputStream(bytes, 2, bytes.length - 2),
                        new Position(2, 1, false),
                        100);
        assertThat(later.next()).isTrue();
        assertThat(text(later)).isEqualTo("\ufeffb");
    }

    @Test
    void truncatesLongLinesOnly() throws IOException {
        for (int length : new int[] {9, 10, 11, 65_536, 70_000, 300_000}) {
            String input = "first\n" + "x".repeat(length) + "\r\n" + "last";
            LineSplitter reader = reader(input, Integer.MAX_VALUE, 10);

            reader.next();
            assertThat(text(reader)).isEqualTo("first");
            assertThat(reader.isTruncated()).isFalse();
            reader.next();
            assertThat(text(reader)).isEqualTo("x".repeat(Math.min(10, length)));
            assertThat(reader.isTruncated()).as("%s characters", length).isEqualTo(length > 10);
            assertThat(reader.number()).isEqualTo(1);
            assertThat(reader.end().offset()).isEqualTo(6 + length + 2);
            reader.next();
            assertThat(text(reader)).isEqualTo("last");
            assertThat(reader.isTruncated()).isFalse();
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void readsTheSameLinesInAnyChunkSize() throws IOException {
        long seed = 20260101;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            StringBuilder input = new StringBuilder();
            for (int i = random.nextInt(60); i > 0; i--) {
                switch (random.nextInt(4)) {
                    case 0 -> input.append('\n');
                    case 1 -> input.append("\r\n");
                    case 2 -> input.append('\r');
                    default -> input.append("abc".repeat(random.nextInt(5)));
                }
            }
            int chunk = 1 + random.nextInt(7);
            List<String> expected = naive(input.toString());

            LineSplitter reader = reader(input.toString(), chunk, 1000);
            List<String> found = new ArrayList<>();
            while (reader.next()) {
                assertThat(reader.number()).isEqualTo(found.size());
                found.add(text(reader));
                // A new reader from here reads the rest.
                byte[] bytes = input.toString().getBytes(StandardCharsets.UTF_8);
                int from = (int) reader.end().offset();
                assertThat(
                                rest(
                                        new LineSplitter(
                                                new ByteArrayInputStream(
                                                        bytes, from, bytes.length - from),
                                                new Position(from, reader.number() + 1, false),
                                                1000)))
                        .as("seed %s round %s", seed, round)
                        .isEqualTo(expected.subList(found.size(), expected.size()));
            }
            assertThat(found).as("seed %s round %s", seed, round).isEqualTo(expected);
        }
    }

    private static List<String> naive(String input) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int end = input.indexOf('\n'); end >= 0; end = input.indexOf('\n', start)) {
            String line = input.substring(start, end);
            lines.add(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
            start = end + 1;
        }
        if (start < input.length()) {
            lines.add(input.substring(start));
        }
        return lines;
    }

    private static List<String> lines(String input) throws IOException {
        List<String> whole = rest(reader(input, Integer.MAX_VALUE, 1000));
        assertThat(rest(reader(input, 1, 1000))).isEqualTo(whole);
        return whole;
    }

    private static List<String> rest(LineSplitter reader) throws IOException {
        List<String> lines = new ArrayList<>();
        while (reader.next()) {
            lines.add(text(reader));
        }
        return lines;
    }

    private static String text(LineSplitter reader) {
        return new String(reader.record(), StandardCharsets.UTF_8);
    }

    private static LineSplitter reader(String input, int chunk, int maxLine) throws IOException {
        InputStream bytes = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
        return new LineSplitter(
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        return bytes.read();
                    }

                    @Override
                    public int read(byte[] sink, int offset, int length) throws IOException {
                        return bytes.read(sink, offset, Math.min(length, chunk));
                    }
                },
                Position.START,
                maxLine);
    }
}
