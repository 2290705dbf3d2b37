package io.github.flinksplade.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

class NumpyArchiveTest {

    @Test
    void convertsEveryHalf() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            int exponent = bits >> 10 & 31;
            double fraction = (bits & 1023) / 1024.0;
            double expected;
            if (exponent == 31) {
                expected = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            } else if (exponent == 0) {
                expected = Math.scalb(fraction, -14);
            } else {
                expected = Math.scalb(1 + fraction, exponent - 15);
            }
            float signed = (float) ((bits & 0x8000) == 0 ? expected : -expected);
            assertThat(Float.valueOf(NumpyArchive.toFloat((short) bits)))
                    .as("half 0x%04x", bits)
                    .isEqualTo(Float.valueOf(signed));
        }
    }

    @Test
    void readsArraysOfEveryRank() throws IOException {
        NumpyArchive archive =
                read(
                        npz(
                                "matrix",
                                header("<f2", "(2, 3)"),
                                0x3c00,
                                0xc000,
                                0x3800,
                                0x7bff,
                                0x0001,
                                0x0000));
        assertThat(archive.get("matrix", 2, 3)).containsExactly(1f, -2f, .5f, 65504f, 0x1p-24f, 0f);
        assertThat(read(npz("vector", header("<f2", "(1,)"), 0x3c00)).get("vector", 1))
                .containsExactly(1f);
        assertThat(read(npz("scalar", header("<f2", "()"), 0xbc00)).get("scalar"))
                .containsExactly(-1f);
    }

    @Test
    void rejectsUnsupportedArrays() throws IOException {
        assertThatThrownBy(() -> read(npz("x", header("<f4", "(1,)"), 0, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("array x is not float16 in row-major order")
                .hasMessageContaining("<f4");
        assertThatThrownBy(() -> read(npz("x", header("<f2", "(3,)"), 0)))
                .hasMessage("array x has 2 bytes but requires 6");
        assertThatThrownBy(() -> read(npz("x", "no header", 0)))
                .hasMessageContaining("array x is not float16");
        assertThatThrownBy(() -> read(npz("x", header("<f4", "(1,)").repeat(2000))))
                .hasMessageContaining("array x is not float16");
        byte[] whole = npz("x", header("<f2", "(1,)"), 0x3c00);
        byte[] cut = new byte[60];
        System.arraycopy(whole, 0, cut, 0, cut.length);
        assertThatThrownBy(() -> read(cut)).isInstanceOf(IOException.class);
    }

    @Test
    void reportsWhichArrayDoesNotMatch() throws IOException {
        NumpyArchive archive = read(npz("x", header("<f2", "(2,)"), 0, 0));
        assertThatThrownBy(() -> archive.get("x", 3))
                .isInstanceOf(IOException.class)
                .hasMessage("array x should be [3] but is [2]");
        assertThatThrownBy(() -> archive.get("y", 3))
                .hasMessage("array y should be [3] but is missing");
    }

    private static NumpyArchive read(byte[] bytes) throws IOException {
        return NumpyArchive.read(new ByteArrayInputStream(bytes));
    }

    private static String header(String type, String shape) {
        return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }  \n";
    }

    private static byte[] npz(String name, String header, int... halves) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer npy =
                ByteBuffer.allocate(10 + text.length + 2 * halves.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        npy.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
        npy.putShort((short) text.length).put(text);
        for (int half : halves) {
            npy.putShort((short) half);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry(name + ".npy"));
            zip.write(npy.array());
        }
        return bytes.toByteArray();
    }
}
