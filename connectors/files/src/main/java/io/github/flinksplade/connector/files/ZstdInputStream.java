package io.github.flinksplade.connector.files;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdBufferDecompressingStreamNoFinalizer;
import com.github.luben.zstd.ZstdIOException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Decompresses all frames of a Zstandard file with zstd-jni. Windows are limited to 8 MiB, which
 * all levels up to 19 use: larger ones need native memory that Flink's memory settings do not
 * include. (The ZstdInputStream of zstd-jni does not detect that a frame after the first is
 * truncated.)
 */
final class ZstdInputStream extends DecompressingInputStream {

    private static final int BUFFER_BYTES = 64 << 10;
    private static final int MAX_WINDOW_LOG = 23;
    private static final int MAX_WINDOW_MEBIBYTES = 8;
    private static final String MORE_THAN_MAX = "more than 8 MiB";

    private static final int MAGIC = 0xFD2FB528;
    private static final int SINGLE_SEGMENT = 0x20;

    /** Magic number, frame header descriptor and window descriptor. */
    private static final int HEADER_BYTES = 6;

    private final byte[] header;
    private final CompressedInput input;
    private final ZstdBufferDecompressingStreamNoFinalizer frames;

    ZstdInputStream(InputStream in) throws IOException {
        header = in.readNBytes(HEADER_BYTES);
        if (header.length == 0) {
            throw new CorruptFileException("it is empty, which is not a valid zstd file");
        }
        input = new CompressedInput(in);
        ByteBuffer start = ByteBuffer.allocate(BUFFER_BYTES).put(header).flip();
        frames =
                new ZstdBufferDecompressingStreamNoFinalizer(start) {
                    @Override
                    protected ByteBuffer refill(ByteBuffer buffer) {
                        int count = input.read(buffer.array(), 0, buffer.capacity());
                        return buffer.clear().limit(Math.max(count, 0));
                    }
                };
        frames.setLongMax(MAX_WINDOW_LOG);
    }

    @Override
    int readDecompressed(byte[] bytes, int offset, int length) throws IOException {
        ByteBuffer target = ByteBuffer.wrap(bytes, offset, length);
        while (frames.hasRemaining()) {
            frames.read(target);
            int count = target.position() - offset;
            if (count > 0) {
                return count;
            }
            if (input.isAtEnd() && frames.hasRemaining()) {
                throw new CorruptFileException("it is truncated: its zstd data is incomplete");
            }
        }
        return -1;
    }

    @Override
    CorruptFileException explain(IOException failure) {
        long code = failure instanceof ZstdIOException known ? known.getErrorCode() : 0;
        if (code == Zstd.errPrefixUnknown()) {
            return new CorruptFileException("it contains bytes that are not zstd data", failure);
        }
        if (code == Zstd.errFrameParameterWindowTooLarge()) {
            return new CorruptFileException(
                    "it was compressed with a window of "
                            + window()
                            + ", but max 8 MiB are supported. Compress it with zstd -19 or lower,"
                            + " without --long",
                    failure);
        }
        return new CorruptFileException(
                "its zstd data is corrupt (" + failure.getMessage() + ")", failure);
    }

    /**
     * The window of the first frame (RFC 8878, 3.1.1.1.2), if that is the one that is too large.
     */
    private String window() {
        ByteBuffer start = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        if (header.length < HEADER_BYTES
                || start.getInt() != MAGIC
                || (start.get() & SINGLE_SEGMENT) != 0) {
            return MORE_THAN_MAX;
        }
        int descriptor = start.get() & 0xFF;
        long base = 1L << (10 + (descriptor >> 3));
        long mebibytes = (base + base / 8 * (descriptor & 7)) >> 20;
        return mebibytes > MAX_WINDOW_MEBIBYTES ? mebibytes + " MiB" : MORE_THAN_MAX;
    }

    @Override
    public void close() throws IOException {
        try (input) {
            frames.close();
        }
    }
}
