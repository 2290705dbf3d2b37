package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;

/** A splitter of records that may span lines, which searches a window for the end of a record. */
abstract class WindowSplitter implements RecordSplitter {

    /** How many bytes of a record that is too large are searched before they are dropped. */
    private static final int DROP_BYTES = 64 << 10;

    final ByteWindow window;
    private final int maxRecord;

    /** The number of the line at the start of the window. */
    long line;

    private byte[] record;
    private boolean isTruncated;
    private boolean isTerminated;
    private long number;

    /** The start of a record that is too large, whose bytes are no longer in the window. */
    private byte[] head;

    /**
     * @param in positioned after {@code start}
     * @param maxRecord the max number of bytes to keep of a record
     */
    WindowSplitter(InputStream in, Position start, int maxRecord) throws IOException {
        this.window = new ByteWindow(in, start.offset());
        this.line = start.line();
        this.maxRecord = maxRecord;
    }

    /**
     * Bounds the window while the end of a record is searched: drops the bytes before an index if
     * the record is too large.
     *
     * @return the index of the same byte in the window
     */
    final int bounded(int index) {
        // with room for a CRLF after the largest record
        if (index <= (head == null ? maxRecord + 2L : DROP_BYTES)) {
            return index;
        }
        if (head == null) {
            head = window.copy(maxRecord);
        }
        window.drop(index);
        return 0;
    }

    /** Whether the current record is too large, so that its bytes are no longer in the window. */
    final boolean isDropped() {
        return head != null;
    }

    final int maxRecord() {
        return maxRecord;
    }

    /**
     * Sets the current record.
     *
     * @param end the index in the window after its last byte
     * @param number of its first line
     */
    final void setRecord(int end, long number, boolean isTerminated) {
        this.isTruncated = head != null || end > maxRecord;
        this.record = head != null ? head : window.copy(Math.min(end, maxRecord));
        this.head = null;
        this.number = number;
        this.isTerminated = isTerminated;
    }

    /** Sets a current record that is not in the file. */
    final void setRecord(byte[] bytes, long number) {
        this.isTruncated = false;
        this.record = bytes;
        this.number = number;
        this.isTerminated = false;
    }

    /** The index after the last byte before {@code end} that is not white space. */
    final int trimmed(int end) throws IOException {
        int last = end;
        while (last > 0 && isBlank(window.at(last - 1))) {
            last--;
        }
        return last;
    }

    /** Whether it is ASCII white space. Any other character is text. */
    static boolean isBlank(int c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    /** Whether all bytes are ASCII white space. */
    static boolean isBlank(byte[] bytes) {
        for (byte b : bytes) {
            if (!isBlank(b)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public final byte[] record() {
        return record;
    }

    @Override
    public final boolean isTruncated() {
        return isTruncated;
    }

    @Override
    public final boolean isTerminated() {
        return isTerminated;
    }

    @Override
    public final long number() {
        return number;
    }

    @Override
    public void close() throws IOException {
        window.close();
    }
}
