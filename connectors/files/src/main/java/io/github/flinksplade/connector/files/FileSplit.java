package io.github.flinksplade.connector.files;

import java.io.IOException;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * A file, or the remainder of a file after a position.
 *
 * @param path absolute path
 * @param name the name in the document ids of a text file
 * @param offset the number of decompressed bytes before the next line
 * @param line the number of the next line, from 0
 * @param isGrowing whether the file is still being written: a last line without a line feed is
 *     skipped, because the file is read again when it is complete
 * @param content the content to which the offset refers; null if nothing has been read
 */
record FileSplit(
        String path, String name, long offset, long line, boolean isGrowing, FileContent content)
        implements SourceSplit {

    /** The whole file. */
    static FileSplit whole(String path, String name) {
        return new FileSplit(path, name, 0, 0, false, null);
    }

    /** The complete lines of a file that is still being written. */
    static FileSplit completeLines(String path, String name) {
        return new FileSplit(path, name, 0, 0, true, null);
    }

    /** The same file from its start. */
    FileSplit restarted() {
        return new FileSplit(path, name, 0, 0, isGrowing, null);
    }

    /** The remainder of the same file after a position. */
    FileSplit from(long offset, long line, FileContent content) {
        return new FileSplit(path, name, offset, line, isGrowing, content);
    }

    @Override
    public String splitId() {
        return path;
    }

    /**
     * Version 2: path, name, offset, line, whether it grows, whether there is a content, content.
     */
    static final class Serializer implements SimpleVersionedSerializer<FileSplit> {

        private static final int VERSION = 2;

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(FileSplit split) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(128);
            write(split, out);
            return out.getCopyOfBuffer();
        }

        @Override
        public FileSplit deserialize(int version, byte[] serialized) throws IOException {
            requireVersion(version, VERSION);
            return read(new DataInputDeserializer(serialized));
        }

        static void write(FileSplit split, DataOutputSerializer out) throws IOException {
            out.writeUTF(split.path);
            out.writeUTF(split.name);
            out.writeLong(split.offset);
            out.writeLong(split.line);
            out.writeBoolean(split.isGrowing);
            out.writeBoolean(split.content != null);
            if (split.content != null) {
                split.content.write(out);
            }
        }

        static FileSplit read(DataInputDeserializer in) throws IOException {
            return new FileSplit(
                    in.readUTF(),
                    in.readUTF(),
                    in.readLong(),
                    in.readLong(),
                    in.readBoolean(),
                    in.readBoolean() ? FileContent.read(in) : null);
        }
    }

    static void requireVersion(int found, int known) throws IOException {
        if (found != known) {
            throw new IOException(
                    "the checkpoint contains version "
                            + found
                            + " of the file connector's state, but this release reads version "
                            + known
                            + ". Use the release that wrote it, or start without the state");
        }
    }
}
