package io.github.flinksplade.connector.files;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * A position between two records of a file.
 *
 * @param offset the number of bytes before it: decompressed, and in UTF-8 if the file has another
 *     charset
 * @param line the number of the line that contains it, from 0
 * @param isInArray whether the following records are elements of a JSON array that has begun
 */
record Position(long offset, long line, boolean isInArray) {

    /** The start of a file. */
    static final Position START = new Position(0, 0, false);

    void write(DataOutputSerializer out) throws IOException {
        out.writeLong(offset);
        out.writeLong(line);
        out.writeBoolean(isInArray);
    }

    static Position read(DataInputDeserializer in) throws IOException {
        return new Position(in.readLong(), in.readLong(), in.readBoolean());
    }
}
