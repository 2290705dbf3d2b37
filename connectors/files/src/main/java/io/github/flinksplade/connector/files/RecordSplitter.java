package io.github.flinksplade.connector.files;

import java.io.Closeable;
import java.io.IOException;

/** Splits the bytes of a file into records. Memory is bounded by the max size of a record. */
interface RecordSplitter extends Closeable {

    /** Reads the next record. Returns false at the end of the file. */
    boolean next() throws IOException;

    /** The bytes of the current record, cut to the max size. */
    byte[] record();

    /** Whether the current record exceeded the max size. */
    boolean isTruncated();

    /** Whether the current record is complete even if the file is still being written. */
    boolean isTerminated();

    /** The number of the current record's first line, from 0. */
    long number();

    /** The position after the current record. */
    Position end();

    /** The header row that applies to the current record; null without one. */
    default byte[] headerRow() {
        return null;
    }
}
