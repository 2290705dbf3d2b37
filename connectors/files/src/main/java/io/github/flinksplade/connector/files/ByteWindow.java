package io.github.flinksplade.connector.files;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** The next bytes of a stream, as far as they are looked at. */
final class ByteWindow implements Closeable {

    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int start;
    private int limit;
    private boolean isAtEnd;

    /** The number of bytes of the stream before the window. */
    private long offset;

    /**
     * @param offset the number of bytes of the stream that were read before; at 0, a byte order
     *     mark is skipped
     */
    ByteWindow(InputStream in, long offset) throws IOException {
        this.in = in;
        this.offset = offset;
        if (offset == 0 && at(FileCharset.UTF8_MARK_BYTES - 1) >= 0) {
            if (FileCharset.hasUtf8Mark(buffer, limit)) {
                drop(FileCharset.UTF8_MARK_BYTES);
            }
        }
    }

    /** The byte at an index in the window, from 0 to 255; -1 after the end of the stream. */
    int at(int index) throws IOException {
        while (start + index >= limit) {
            if (!fill()) {
                return -1;
            }
        }
        return buffer[start + index] & 0xFF;
    }

    private boolean fill() throws IOException {
        if (isAtEnd) {
            return false;
        }
        if (start == limit) {
            if (buffer.length > BUFFER_BYTES) {
                buffer = new byte[BUFFER_BYTES]; // large records are rare: release the memory
            }
            start = 0;
            limit = 0;
        } else if (limit == buffer.length) {
            byte[] target =
                    limit - start > buffer.length / 2
                            ? new byte[(int) Math.min(Integer.MAX_VALUE - 8L, 2L * buffer.length)]
                            : buffer;
            System.arraycopy(buffer, start, target, 0, limit - start);
            buffer = target;
            limit -= start;
            start = 0;
        }
        int count = in.read(buffer, limit, buffer.length - limit);
        isAtEnd = count < 0;
        limit += Math.max(count, 0);
        return count >= 0;
    }

    /** The first bytes of the window, which must have been looked at. */
    byte[] copy(int count) {
        return Arrays.copyOfRange(buffer, start, start + count);
    }

    /** Removes the first bytes, which must have been looked at. */
    void drop(int count) {
        start += count;
        offset += count;
    }

    /** The number of bytes of the stream before the window. */
    long offset() {
        return offset;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
