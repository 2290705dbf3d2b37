package io.github.flinksplade.connector.files;

import static io.github.flinksplade.connector.files.CompressedBytes.concat;
import static io.github.flinksplade.connector.files.CompressedBytes.gzip;
import static io.github.flinksplade.connector.files.CompressedBytes.zstd;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class CompressionTest {

    /** {@code printf 'alpha\nbeta\ngamma\n' | zstd}, version 1.5.4 */
    private static final byte[] ZSTD_CLI_OUTPUT =
            Base64.getDecoder().decode("KLUv/SQRiQAAYWxwaGEKYmV0YQpnYW1tYQqxLz7t");

    /** The start of the output of {@code zstd --ultra -22} for a stream: a window of 128 MiB. */
    private static final byte[] WIDE_WINDOW =
            Base64.getDecoder().decode("KLUv/QSITAAACHgBAPz/ORACAgAQeAIAEHgCABB4AgAQeAIAEHgCAA==");

    private static final byte[] SKIPPABLE = {0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};

    private static final byte[] TEXT = words(200_000);

    @Test
    void isDetectedByTheFileName() {
        assertThat(Compression.of("a.jsonl")).isEqualTo(Compression.NONE);
        assertThat(Compression.of("a.jsonl.gz")).isEqualTo(Compression.GZIP);
        assertThat(Compression.of("a.tsv.zst")).isEqualTo(Compression.ZSTD);
        assertThat(Compression.removeSuffix("a.tsv.zst")).isEqualTo("a.tsv");
        assertThat(Compression.removeSuffix("a.gz.tsv")).isEqualTo("a.gz.tsv");
    }

    @Test
    void decompressesWholeFiles() throws IOException {
        assertThat(decompress(Compression.GZIP, gzip(TEXT))).isEqualTo(TEXT);
        assertThat(decompress(Compression.GZIP, gzip(new byte[0]))).isEmpty();
        assertThat(decompress(Compression.ZSTD, zstd(TEXT))).isEqualTo(TEXT);
        assertThat(decompress(Compression.ZSTD, zstd(new byte[0]))).isEmpty();
        assertThat(decompress(Compression.ZSTD, ZSTD_CLI_OUTPUT))
                .isEqualTo("alpha\nbeta\ngamma\n".getBytes(UTF_8));
    }

    @Test
    void decompressesAllMembersAndFrames() throws IOException {
        byte[] first = words(70_000);
        byte[] expected = concat(first, TEXT, "x".getBytes(UTF_8));

        assertThat(
                        decompress(
                                Compression.GZIP,
                                concat(
                                        gzip(first),
                                        gzip(new byte[0]),
                                        gzip(TEXT),
                                        gzip("x".getBytes(UTF_8)))))
                .isEqualTo(expected);
        assertThat(
                        decompress(
                                Compression.ZSTD,
                                concat(
                                        SKIPPABLE,
                                        zstd(first),
                                        zstd(new byte[0]),
                                        SKIPPABLE,
                                        zstd(TEXT),
                                        zstd("x".getBytes(UTF_8)),
                                        SKIPPABLE)))
                .isEqualTo(expected);
    }

    @Test
    void acceptsOptionalGzipHeadersAndPadding() throws IOException {
        byte[] plain = gzip("abc".getBytes(UTF_8));
        byte[] header = Arrays.copyOf(plain, 10);
        header[3] = 4 + 8 + 16 + 2; // extra field, name, comment, checksum of the header
        byte[] optional = {2, 0, 'e', 'x', 'n', 0, 'c', 0, 1, 2};

        assertThat(
                        decompress(
                                Compression.GZIP,
                                concat(
                                        header,
                                        optional,
                                        Arrays.copyOfRange(plain, 10, plain.length))))
                .isEqualTo("abc".getBytes(UTF_8));
        assertThat(decompress(Compression.GZIP, concat(plain, new byte[700])))
                .isEqualTo("abc".getBytes(UTF_8));
    }

    /** A file may be truncated anywhere except between two members. */
    @Test
    void rejectsTruncatedFiles() throws IOException {
        byte[] gzip = concat(gzip("some words".getBytes(UTF_8)), gzip("more".getBytes(UTF_8)));
        int gzipBorder = gzip("some words".getBytes(UTF_8)).length;
        byte[] zstd = concat(ZSTD_CLI_OUTPUT, SKIPPABLE, ZSTD_CLI_OUTPUT);

        for (int length = 0; length < gzip.length; length++) {
            if (length != gzipBorder) {
                assertCorrupt(Compression.GZIP, Arrays.copyOf(gzip, length));
            }
        }
        for (int length = 0; length < zstd.length; length++) {
            if (length != ZSTD_CLI_OUTPUT.length
                    && length != ZSTD_CLI_OUTPUT.length + SKIPPABLE.length) {
                assertCorrupt(Compression.ZSTD, Arrays.copyOf(zstd, length));
            }
        }
        for (int length : new int[] {1_000, 30_000, 60_000}) {
            assertCorrupt(Compression.GZIP, Arrays.copyOf(gzip(TEXT), length));
            assertCorrupt(Compression.ZSTD, Arrays.copyOf(zstd(TEXT), length));
        }
    }

    private static void assertCorrupt(Compression compression, byte[] compressed) {
        assertThatThrownBy(() -> decompress(compression, compressed))
                .as("%s of %s bytes", compression, compressed.length)
                .isInstanceOf(CorruptFileException.class);
    }

    @Test
    void rejectsCorruptFiles() throws IOException {
        long seed = 4711;
        Random random = new Random(seed);
        for (Compression compression : new Compression[] {Compression.GZIP, Compression.ZSTD}) {
            byte[] compressed = compression == Compression.GZIP ? gzip(TEXT) : zstd(TEXT);
            int rejected = 0;
            for (int i = 0; i < 200; i++) {
                byte[] corrupt = compressed.clone();
                corrupt[random.nextInt(corrupt.length)] ^= (byte) (1 + random.nextInt(255));
                try {
                    // a bit without effect, such as gzip's time
                    assertThat(Arrays.equals(decompress(compression, corrupt), TEXT))
                            .as("%s seed %s round %s", compression, seed, i)
                            .isTrue();
                } catch (IOException e) {
                    assertThat(e).hasMessageMatching("it.*");
                    rejected++;
                }
            }
            assertThat(rejected).isGreaterThan(190);
        }
    }

    @Test
    void rejectsOtherFormats() throws IOException {
        byte[] text = "{\"id\":1}\n".getBytes(UTF_8);
        assertThatThrownBy(() -> decompress(Compression.GZIP, text))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it contains bytes that are not gzip data");
        assertThatThrownBy(() -> decompress(Compression.ZSTD, text))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it contains bytes that are not zstd data");
        assertThatThrownBy(() -> decompress(Compression.GZIP, concat(gzip(text), text)))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it contains bytes that are not gzip data");
        assertThatThrownBy(() -> decompress(Compression.ZSTD, concat(zstd(text), text)))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it contains bytes that are not zstd data");
        assertThatThrownBy(() -> decompress(Compression.ZSTD, WIDE_WINDOW))
                .isInstanceOf(CorruptFileException.class)
                .hasMessageContaining("a window of 128 MiB")
                .hasMessageContaining("zstd -19");
    }

    @Test
    void passesFailuresOfTheFileUnchanged() throws IOException {
        for (Compression compression : new Compression[] {Compression.GZIP, Compression.ZSTD}) {
            byte[] compressed = compression == Compression.GZIP ? gzip(TEXT) : zstd(TEXT);
            IOException failure = new IOException("Input/output error");
            InputStream failing =
                    new InputStream() {
                        @Override
                        public int read() throws IOException {
                            throw failure;
                        }
                    };
            InputStream start = new ByteArrayInputStream(compressed, 0, 1_000);
            try (InputStream in = compression.decompress(new SequenceInputStream(start, failing))) {
                assertThatThrownBy(in::readAllBytes).isSameAs(failure);
            }
        }
    }

    @Test
    void closesTheFile() throws IOException {
        for (Compression compression : Compression.values()) {
            AtomicBoolean isClosed = new AtomicBoolean();
            byte[] compressed =
                    switch (compression) {
                        case NONE -> TEXT;
                        case GZIP -> gzip(TEXT);
                        case ZSTD -> zstd(TEXT);
                    };
            InputStream file =
                    new ByteArrayInputStream(compressed) {
                        @Override
                        public void close() {
                            isClosed.set(true);
                        }
                    };
            compression.decompress(file).close();
            assertThat(isClosed).as("%s", compression).isTrue();
        }
    }

    private static byte[] decompress(Compression compression, byte[] compressed)
            throws IOException {
        try (var in = compression.decompress(new ByteArrayInputStream(compressed))) {
            return in.readAllBytes();
        }
    }

    private static byte[] words(int count) {
        Random random = new Random(count);
        StringBuilder text = new StringBuilder();
        while (text.length() < count) {
            text.append(Integer.toString(random.nextInt(5000), 36)).append(' ');
        }
        return text.toString().getBytes(UTF_8);
    }
}
