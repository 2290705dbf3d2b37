package io.github.flinksplade.connector.files;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads a file as one record. */
final class WholeFileSplitter implements RecordSplitter {

    private final InputStream in;
    private final int maxRecord;
    private boolean isRead;
    private byte[] record;
    private boolean isTruncated;

    WholeFileSplitter(InputStream in, Position start, int maxRecord) {
        this.in = in;
        this.maxRecord = maxRecord;
        this.isRead = start.line() > 0;
    }

    @Override
    public boolean next() throws IOException {
        if (isRead) {
            return false;
        }
        isRead = true;
        byte[] bytes = in.readNBytes(maxRecord + 1);
        isTruncated = bytes.length > maxRecord;
        record = isTruncated ? Arrays.copyOf(bytes, maxRecord) : bytes;
        return true;
    }

    @Override
    public byte[] record() {
        return record;
    }

    @Override
    public boolean isTruncated() {
        return isTruncated;
    }

    @Override
    public boolean isTerminated() {
        return true;
    }

    @Override
    public long number() {
        return 0;
    }

    /** After the only record, which counts as one line. */
    @Override
    public Position end() {
        return new Position(record.length, 1, false);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
