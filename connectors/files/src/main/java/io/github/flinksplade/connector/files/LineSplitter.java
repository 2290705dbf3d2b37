package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream of bytes into lines, which end with LF or CRLF or at the end of the stream. A
 * UTF-8 byte order mark at the start of the stream is skipped. Memory is bounded by the max line
 * length.
 */
final class LineSplitter implements RecordSplitter {

    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final int maxLine;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;

    /** The number of bytes of the stream up to the end of the buffer. */
    private long endOfBuffer;

    private long number;
    private byte[] line;
    private boolean truncated;
    private boolean terminated;

    /** The start of the current line from earlier buffers, at most {@code maxLine} bytes. */
    private byte[] head = new byte[0];

    /**
     * @param in positioned at the start of a line
     * @param start the position of that line
     * @param maxLine the max number of bytes to keep of a line
     */
    LineSplitter(InputStream in, Position start, int maxLine) throws IOException {
        this.in = in;
        this.endOfBuffer = start.offset();
        this.number = start.line() - 1;
        this.maxLine = maxLine;
        if (start.offset() == 0) {
            limit = in.readNBytes(buffer, 0, 3);
            endOfBuffer = limit;
            if (FileCharset.hasUtf8Mark(buffer, limit)) {
                position = FileCharset.UTF8_MARK_BYTES;
            }
        }
    }

    @Override
    public boolean next() throws IOException {
        int headLength = 0;
        long length = 0; // of the line, including a final CR
        byte last = 0;
        while (true) {
            if (position == limit && !fill()) {
                if (length == 0) {
                    return false;
                }
                setLine(headLength, 0, length);
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
                setLine(headLength, count, last == '\r' ? length - 1 : length);
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
     * Joins the head of the line and its part in the buffer.
     *
     * @param length of the line, without its line ending
     */
    private void setLine(int headLength, int inBuffer, long length) {
        truncated = length > maxLine;
        int kept = (int) Math.min(length, maxLine);
        int fromHead = Math.min(headLength, kept);
        line = new byte[kept];
        System.arraycopy(head, 0, line, 0, fromHead);
        System.arraycopy(buffer, position, line, fromHead, Math.min(inBuffer, kept - fromHead));
        number++;
        if (head.length > BUFFER_BYTES) {
            head = new byte[0]; // such lines are rare: release the memory
        }
    }

    private boolean fill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(count, 0);
        endOfBuffer += limit;
        return count > 0;
    }

    /** The current line without its line ending, cut to the max line length. */
    @Override
    public byte[] record() {
        return line;
    }

    @Override
    public boolean isTruncated() {
        return truncated;
    }

    /** Whether the current line ends with a line feed and not at the end of the stream. */
    @Override
    public boolean isTerminated() {
        return terminated;
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public Position end() {
        return new Position(endOfBuffer - (limit - position), number + 1, false);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
