package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileCharsetTest {

    @Test
    void convertsToUtf8InAnyChunkSize() throws IOException {
        String text = "x\u00e9\u00df\u00fc\n".repeat(30_000);
        for (String charset :
                List.of("windows-1252", "ISO-8859-1", "UTF-16LE", "UTF-16", "GB18030")) {
            byte[] bytes = text.getBytes(Charset.forName(charset));
            assertThat(converted(bytes, charset, 1 << 20)).as(charset).isEqualTo(utf8(text));
            assertThat(converted(bytes, charset, 3)).as(charset).isEqualTo(utf8(text));
        }
        String pairs = "\ud83d\ude00a".repeat(20_000);
        assertThat(converted(pairs.getBytes(StandardCharsets.UTF_16BE), "UTF-16BE", 5))
                .isEqualTo(utf8(pairs));
    }

    @Test
    void convertsRandomCharacters() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 50; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40_000); i > 0; i--) {
                int c = random.nextInt(0x10FFFF);
                text.appendCodePoint(c >= 0xD800 && c < 0xE000 ? 'x' : c);
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_16LE);
            assertThat(converted(bytes, "UTF-16LE", 1 + random.nextInt(20_000)))
                    .isEqualTo(utf8(text.toString()));
        }
    }

    /** Invalid UTF-8 makes the record that contains it invalid. */
    @Test
    void convertsInvalidSequencesToInvalidUtf8() throws IOException {
        assertThat(hex(converted(bytes("61 81 62 0a"), "windows-1252", 9))).isEqualTo("61ff620a");
        assertThat(hex(converted(bytes("61 00 00 dc 62 00"), "UTF-16LE", 9))).isEqualTo("61ff62");
        assertThat(hex(converted(bytes("61 00 62"), "UTF-16LE", 9))).isEqualTo("61ff");
        assertThat(hex(converted(bytes("61 e9"), "US-ASCII", 9))).isEqualTo("61ff");
        byte[] many = new byte[100_000];
        Arrays.fill(many, (byte) 0x81);
        assertThat(converted(many, "windows-1252", 9)).hasSize(100_000).containsOnly(0xFF);
    }

    @Test
    void prefersAByteOrderMark() {
        assertThat(FileCharset.of(bytes("ef bb bf"), "windows-1252").name()).isEqualTo("UTF-8");
        assertThat(FileCharset.of(bytes("ff fe 61"), "UTF-8").name()).isEqualTo("UTF-16LE");
        assertThat(FileCharset.of(bytes("fe ff"), "UTF-8").name()).isEqualTo("UTF-16BE");
        assertThat(FileCharset.of(bytes("fe"), "UTF-8").name()).isEqualTo("UTF-8");
        assertThat(FileCharset.of(new byte[0], "windows-1252").name()).isEqualTo("windows-1252");
    }

    @Test
    void validatesNames() {
        assertThat(FileCharset.validated("latin1")).isEqualTo("ISO-8859-1");
        for (String name : List.of("latin-15x", "utf 8", "")) {
            assertThatThrownBy(() -> FileCharset.validated(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + name + "' is not the name of a charset");
        }
    }

    private static byte[] converted(byte[] bytes, String charset, int chunk) throws IOException {
        InputStream chunks =
                new ByteArrayInputStream(bytes) {
                    @Override
                    public int read(byte[] sink, int offset, int length) {
                        return super.read(sink, offset, Math.min(length, chunk));
                    }
                };
        try (InputStream in = new TranscodingInputStream(chunks, Charset.forName(charset))) {
            return in.readAllBytes();
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
