package io.github.flinksplade.app.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinesTest {

    private static List<String> read(InputStream in) throws IOException {
        Lines lines = new Lines(in);
        List<String> read = new ArrayList<>();
        for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
            read.add(line.error() == null ? line.text() : line.number() + ": " + line.error());
        }
        return read;
    }

    private static List<String> read(String text) throws IOException {
        return read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void onlyLineFeedsEndLines() throws IOException {
        assertThat(read("a\r\nb\rc\u2028d\u0085e\n\n\u000bf"))
                .containsExactly("a", "b\rc\u2028d\u0085e", "", "\u000bf");
    }

    @Test
    void lastLineNeedsNoLineFeed() throws IOException {
        assertThat(read("a\nb")).containsExactly("a", "b");
        assertThat(read("a\nb\n")).containsExactly("a", "b");
        assertThat(read("a\nb\r")).containsExactly("a", "b\r");
        assertThat(read("")).isEmpty();
        assertThat(read("\n")).containsExactly("");
    }

    @Test
    void continuesAfterALineOfInvalidUtf8() throws IOException {
        byte[] bytes = {
            'a', '\n', (byte) 0xc3, '(', '\n', 'b', '\n', (byte) 0xed, (byte) 0xa0, (byte) 0x80
        };
        assertThat(read(new ByteArrayInputStream(bytes)))
                .containsExactly("a", "2: not valid UTF-8", "b", "4: not valid UTF-8");
    }

    @Test
    void readsLinesLongerThanTheBuffer() throws IOException {
        String line = "\u00e4".repeat(100_000);
        assertThat(read(line + "\n" + line + "x")).containsExactly(line, line + "x");
    }

    @Test
    void continuesAfterALineThatIsTooLong() throws IOException {
        byte[] bytes = new byte[Lines.MAX_BYTES + 3];
        Arrays.fill(bytes, (byte) 'x');
        bytes[Lines.MAX_BYTES + 1] = '\n';
        bytes[Lines.MAX_BYTES + 2] = 'y';
        assertThat(read(new ByteArrayInputStream(bytes)))
                .containsExactly("1: longer than 64 MiB", "y");
    }
}
