package io.github.flinksplade.connector.files;

import static io.github.flinksplade.connector.files.CompressedBytes.concat;
import static io.github.flinksplade.connector.files.CompressedBytes.gzip;
import static io.github.flinksplade.connector.files.CompressedBytes.zstd;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CompressionTest {

    /** {@code printf 'alpha\nbeta\ngamma\n' | zstd}, version 1.5.4 */
    private static final byte[] MADE_BY_ZSTD =
            Base64.getDecoder().decode("KLUv/SQRiQAAYWxwaGEKYmV0YQpnYW1tYQqxLz7t");

    /** Beginning of what {@code zstd --ultra -22} makes of a stream: a window of 128 MiB. */
    private static final byte[] WIDE_WINDOW =
            Base64.getDecoder().decode("KLUv/QSITAAACHgBAPz/ORACAgAQeAIAEHgCABB4AgAQeAIAEHgCAA==");

    private static final byte[] SKIPPABLE = {0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};

    private static final byte[] TEXT = words(200_000);

    @Test
    void theNameTellsThePacking() {
        assertThat(Compression.of("a.jsonl")).isEqualTo(Compression.NONE);
        assertThat(Compression.of("a.jsonl.gz")).isEqualTo(Compression.GZIP);
        assertThat(Compression.of("a.tsv.zst")).isEqualTo(Compression.ZSTD);
        assertThat(Compression.strip("a.tsv.zst")).isEqualTo("a.tsv");
        assertThat(Compression.strip("a.gz.tsv")).isEqualTo("a.gz.tsv");
    }

    @Test
    void unpacksWhole() throws IOException {
        assertThat(unpack(Compression.GZIP, gzip(TEXT))).isEqualTo(TEXT);
        assertThat(unpack(Compression.GZIP, gzip(new byte[0]))).isEmpty();
        assertThat(unpack(Compression.ZSTD, zstd(TEXT))).isEqualTo(TEXT);
        assertThat(unpack(Compression.ZSTD, zstd(new byte[0]))).isEmpty();
        assertThat(unpack(Compression.ZSTD, MADE_BY_ZSTD))
                .isEqualTo("alpha\nbeta\ngamma\n".getBytes(UTF_8));
    }

    @Test
    void unpacksEveryMemberAndFrame() throws IOException {
        byte[] first = words(70_000);
        byte[] expected = concat(first, TEXT, "x".getBytes(UTF_8));

        assertThat(
                        unpack(
                                Compression.GZIP,
                                concat(
                                        gzip(first),
                                        gzip(new byte[0]),
                                        gzip(TEXT),
                                        gzip("x".getBytes(UTF_8)))))
                .isEqualTo(expected);
        assertThat(
                        unpack(
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
    void gzipHeadersMayCarryMore() throws IOException {
        byte[] plain = gzip("abc".getBytes(UTF_8));
        byte[] header = Arrays.copyOf(plain, 10);
        header[3] = 4 + 8 + 16 + 2; // extra field, name, comment, checksum of the header
        byte[] more = {2, 0, 'e', 'x', 'n', 0, 'c', 0, 1, 2};

        assertThat(
                        unpack(
                                Compression.GZIP,
                                concat(header, more, Arrays.copyOfRange(plain, 10, plain.length))))
                .isEqualTo("abc".getBytes(UTF_8));
        assertThat(unpack(Compression.GZIP, concat(plain, new byte[700])))
                .isEqualTo("abc".getBytes(UTF_8));
    }

    /** Wherever a file is cut, except between two members, it is an error. */
    @Test
    void whatIsCutOffIsAnError() throws IOException {
        byte[] gzip = concat(gzip("some words".getBytes(UTF_8)), gzip("more".getBytes(UTF_8)));
        int gzipBorder = gzip("some words".getBytes(UTF_8)).length;
        byte[] zstd = concat(MADE_BY_ZSTD, SKIPPABLE, MADE_BY_ZSTD);

        for (int length = 0; length < gzip.length; length++) {
            if (length != gzipBorder) {
                assertCutOff(Compression.GZIP, Arrays.copyOf(gzip, length));
            }
        }
        for (int length = 0; length < zstd.length; length++) {
            if (length != MADE_BY_ZSTD.length && length != MADE_BY_ZSTD.length + SKIPPABLE.length) {
                assertCutOff(Compression.ZSTD, Arrays.copyOf(zstd, length));
            }
        }
        for (int length : new int[] {1_000, 30_000, 60_000}) {
            assertCutOff(Compression.GZIP, Arrays.copyOf(gzip(TEXT), length));
            assertCutOff(Compression.ZSTD, Arrays.copyOf(zstd(TEXT), length));
        }
    }

    private static void assertCutOff(Compression compression, byte[] packed) {
        assertThatThrownBy(() -> unpack(compression, packed))
                .as("%s of %s bytes", compression, packed.length)
                .isInstanceOf(CorruptFileException.class);
    }

    @Test
    void whatIsDamagedIsAnError() throws IOException {
        long seed = 4711;
        Random random = new Random(seed);
        for (Compression compression : new Compression[] {Compression.GZIP, Compression.ZSTD}) {
            byte[] packed = compression == Compression.GZIP ? gzip(TEXT) : zstd(TEXT);
            int refused = 0;
            for (int i = 0; i < 200; i++) {
                byte[] damaged = packed.clone();
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
                try {
                    // a bit that nothing depends on, such as gzip's time, may differ
                    assertThat(Arrays.equals(unpack(compression, damaged), TEXT))
                            .as("%s seed %s round %s", compression, seed, i)
                            .isTrue();
                } catch (IOException e) {
                    assertThat(e).hasMessageMatching("it.*");
                    refused++;
                }
            }
            assertThat(refused).isGreaterThan(190);
        }
    }

    @Test
    void whatIsNotPackedSoIsAnError() throws IOException {
        byte[] text = "{\"id\":1}\n".getBytes(UTF_8);
        assertThatThrownBy(() -> unpack(Compression.GZIP, text))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it has bytes that are not gzip data");
        assertThatThrownBy(() -> unpack(Compression.ZSTD, text))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it has bytes that are not zstd data");
        assertThatThrownBy(() -> unpack(Compression.GZIP, concat(gzip(text), text)))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it has bytes that are not gzip data");
        assertThatThrownBy(() -> unpack(Compression.ZSTD, concat(zstd(text), text)))
                .isInstanceOf(CorruptFileException.class)
                .hasMessage("it has bytes that are not zstd data");
        assertThatThrownBy(() -> unpack(Compression.ZSTD, WIDE_WINDOW))
                .isInstanceOf(CorruptFileException.class)
                .hasMessageContaining("a window of 128 MiB")
                .hasMessageContaining("zstd -19");
    }

    private static byte[] unpack(Compression compression, byte[] packed) throws IOException {
        try (var in = compression.unpack(new ByteArrayInputStream(packed))) {
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
