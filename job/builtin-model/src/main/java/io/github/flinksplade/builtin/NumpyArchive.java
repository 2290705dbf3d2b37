package io.github.flinksplade.builtin;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * The arrays of a NumPy {@code .npz} file: a zip of {@code .npy} files. Reads what our weights are
 * kept in, which is little-endian float16 in row order, and widens it to float32 (exact).
 */
final class NumpyArchive {

    /** An array in row order. */
    record Array(int[] shape, float[] values) {}

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    private static final Pattern HEADER =
            Pattern.compile(
                    "\\{'descr': '<f2', 'fortran_order': False, 'shape': \\(([0-9, ]*)\\), \\}\\s*");

    private final Map<String, Array> arrays;

    private NumpyArchive(Map<String, Array> arrays) {
        this.arrays = arrays;
    }

    /**
     * Reads all arrays.
     *
     * @throws IOException when the file is damaged or holds something else than float16 arrays
     */
    static NumpyArchive read(InputStream in) throws IOException {
        Map<String, Array> arrays = new HashMap<>();
        ZipInputStream zip = new ZipInputStream(in);
        for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
            String name = entry.getName().replaceFirst("\\.npy$", "");
            arrays.put(name, array(name, new DataInputStream(zip)));
        }
        return new NumpyArchive(arrays);
    }

    private static Array array(String name, DataInputStream in) throws IOException {
        if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
            throw new IOException("array " + name + " is not in version 1.0 of NumPy's format");
        }
        int headerLength = in.readUnsignedByte() | in.readUnsignedByte() << 8;
        String header = new String(in.readNBytes(headerLength), StandardCharsets.ISO_8859_1);
        Matcher matcher = HEADER.matcher(header);
        if (!matcher.matches()) {
            throw new IOException(
                    "array " + name + " is not float16 in row order: " + header.strip());
        }
        int[] shape =
                Arrays.stream(matcher.group(1).split(","))
                        .map(String::strip)
                        .filter(size -> !size.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
        float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        byte[] bytes = in.readAllBytes();
        if (bytes.length != 2 * values.length) {
            throw new IOException(
                    "array "
                            + name
                            + " has "
                            + bytes.length
                            + " bytes but needs "
                            + 2 * values.length);
        }
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            values[i] = widen(data.getShort());
        }
        return new Array(shape, values);
    }

    /** IEEE 754 binary16 to binary32; every half is a float, so nothing is rounded. */
    static float widen(short half) {
        int exponent = half >>> 10 & 0x1f;
        int mantissa = half & 0x3ff;
        float magnitude;
        if (exponent == 0) {
            magnitude = mantissa * 0x1p-24f;
        } else if (exponent == 0x1f) {
            magnitude = Float.intBitsToFloat(0x7f800000 | mantissa << 13);
        } else {
            magnitude = Float.intBitsToFloat(exponent + 112 << 23 | mantissa << 13);
        }
        return half < 0 ? -magnitude : magnitude;
    }

    /**
     * The values of one array.
     *
     * @throws IOException when there is none of this name and shape
     */
    float[] get(String name, int... shape) throws IOException {
        Array array = arrays.get(name);
        if (array == null || !Arrays.equals(array.shape(), shape)) {
            throw new IOException(
                    "array "
                            + name
                            + " should be "
                            + Arrays.toString(shape)
                            + " but is "
                            + (array == null ? "missing" : Arrays.toString(array.shape())));
        }
        return array.values();
    }
}
