package io.github.flinksplade.builtin;

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
 * The arrays of a NumPy {@code .npz} file, a zip of {@code .npy} files. Supports the format of our
 * weights, little-endian fp16 in row-major order, and converts them to fp32, which is exact.
 */
final class NumpyArchive {

    /** An array in row-major order. */
    record Array(int[] shape, float[] values) {}

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    /** Bytes of the magic and of the header's length. */
    private static final int PREAMBLE = MAGIC.length + 2;

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
     * @throws IOException if the file is damaged or contains arrays that are not fp16
     */
    static NumpyArchive read(InputStream in) throws IOException {
        Map<String, Array> arrays = new HashMap<>();
        ZipInputStream zip = new ZipInputStream(in);
        for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
            String name = entry.getName().replaceFirst("\\.npy$", "");
            arrays.put(name, array(name, zip.readAllBytes()));
        }
        return new NumpyArchive(arrays);
    }

    private static Array array(String name, byte[] bytes) throws IOException {
        if (bytes.length < PREAMBLE
                || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new IOException("array " + name + " is not in version 1.0 of NumPy's format");
        }
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = Short.toUnsignedInt(data.getShort(MAGIC.length));
        length = Math.min(length, bytes.length - PREAMBLE);
        String header = new String(bytes, PREAMBLE, length, StandardCharsets.ISO_8859_1);
        Matcher matcher = HEADER.matcher(header);
        if (!matcher.matches()) {
            throw new IOException(
                    "array " + name + " is not float16 in row-major order: " + header.strip());
        }
        data.position(PREAMBLE + length);
        int[] shape =
                Arrays.stream(matcher.group(1).split(","))
                        .map(String::strip)
                        .filter(size -> !size.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
        float[] values = new float[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        if (data.remaining() != 2 * values.length) {
            throw new IOException(
                    "array "
                            + name
                            + " has "
                            + data.remaining()
                            + " bytes but requires "
                            + 2 * values.length);
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = toFloat(data.getShort());
        }
        return new Array(shape, values);
    }

    /** Converts IEEE 754 binary16 to binary32, which is exact. */
    static float toFloat(short half) {
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
     * Returns the values of an array.
     *
     * @throws IOException if there is no array of this name and shape
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
