package io.github.flinksplade.connector.files;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into lines, which end with LF or CRLF or with the stream. The byte order
 * mark of UTF-8 at the very start is dropped. Memory is bounded by the longest line that is kept
 * whole.
 */
final class LineReader implements Closeable {

    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final int maxLine;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;

    /** How many bytes of the stream come before the end of what is in the buffer. */
    private long endOfBuffer;

    private long number;
    private byte[] line;
    private boolean truncated;
    private boolean terminated;

    /** What the current line has in earlier buffers, at most {@code maxLine} bytes. */
    private byte[] head = new byte[0];

    /**
     * @param in stands at the start of a line
     * @param offset how many bytes of the stream came before that
     * @param number the line's number, from 0
     * @param maxLine bytes of a line that are kept
     */
    LineReader(InputStream in, long offset, long number, int maxLine) throws IOException {
        this.in = in;
        this.endOfBuffer = offset;
        this.number = number - 1;
        this.maxLine = maxLine;
        if (offset == 0) {
            limit = in.readNBytes(buffer, 0, 3);
            endOfBuffer = limit;
            if (limit == 3
                    && buffer[0] == (byte) 0xEF
                    && buffer[1] == (byte) 0xBB
                    && buffer[2] == (byte) 0xBF) {
                position = 3;
            }
        }
    }

    /** Goes to the next line; false at the end of the stream. */
    boolean next() throws IOException {
        int headLength = 0;
        long length = 0; // of the line, the CR of its end included
        byte last = 0;
        while (true) {
            if (position == limit && !fill()) {
                if (length == 0) {
                    return false;
                }
                take(headLength, 0, length);
                terminated = false;
                return true;
            }
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            int count = end - position;
            if (count > 0) {
                length += count;
                last = buffer[end - 1];
            }
            if (end < limit) {
                take(headLength, count, last == '\r' ? length - 1 : length);
                position = end + 1;
                terminated = true;
                return true;
            }
            int kept = Math.min(count, maxLine - headLength);
            if (headLength + kept > head.length) {
                head = Arrays.copyOf(head, (int) Math.min(maxLine, 2L * (headLength + kept)));
            }
            System.arraycopy(buffer, position, head, headLength, kept);
            headLength += kept;
            position = limit;
        }
    }

    /**
     * Makes the line of what is in the head and what the buffer has from its position.
     *
     * @param length of the line, without its end
     */
    private void take(int headLength, int inBuffer, long length) {
        truncated = length > maxLine;
        int kept = (int) Math.min(length, maxLine);
        int fromHead = Math.min(headLength, kept);
        line = new byte[kept];
        System.arraycopy(head, 0, line, 0, fromHead);
        System.arraycopy(buffer, position, line, fromHead, Math.min(inBuffer, kept - fromHead));
        number++;
        if (head.length > BUFFER_BYTES) {
            head = new byte[0]; // giants are rare; no room is kept for the next
        }
    }

    private boolean fill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(count, 0);
        endOfBuffer += limit;
        return count > 0;
    }

    /** The current line, without its end; at most as many bytes as are kept of a line. */
    byte[] line() {
        return line;
    }

    /** Whether the current line was longer than what is kept of a line. */
    boolean isTruncated() {
        return truncated;
    }

    /** Whether the current line ends with a line feed and not with the stream. */
    boolean isTerminated() {
        return terminated;
    }

    /** The current line's number, from 0. */
    long number() {
        return number;
    }

    /** How many bytes of the stream come before the end of the current line, its LF included. */
    long offset() {
        return endOfBuffer - (limit - position);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
