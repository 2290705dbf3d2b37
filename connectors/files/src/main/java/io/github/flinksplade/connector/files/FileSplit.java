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
 * @param name the name in the document ids of a text file, and the id of a file that is a document
 * @param status the status of the file when it was listed
 * @param position the position before the next record
 * @param content the content to which the position refers; null if nothing has been read
 */
record FileSplit(String path, String name, Status status, Position position, FileContent content)
        implements SourceSplit {

    /** The status of a file. The order of the constants is part of the serialized form. */
    enum Status {
        COMPLETE,
        /**
         * Still being written: a last record that may be incomplete is skipped, because the file is
         * read again when it is complete.
         */
        GROWING,
        /** No longer there: the document that it was is deleted. */
        DELETED
    }

    /** The whole file. */
    static FileSplit whole(String path, String name) {
        return new FileSplit(path, name, Status.COMPLETE, Position.START, null);
    }

    /** The complete records of a file that is still being written. */
    static FileSplit completeRecords(String path, String name) {
        return new FileSplit(path, name, Status.GROWING, Position.START, null);
    }

    /** A file that was deleted. */
    static FileSplit deleted(String path, String name) {
        return new FileSplit(path, name, Status.DELETED, Position.START, null);
    }

    boolean isGrowing() {
        return status == Status.GROWING;
    }

    boolean isDeleted() {
        return status == Status.DELETED;
    }

    /** The same file from its start. */
    FileSplit restarted() {
        return from(Position.START, null);
    }

    /** The remainder of the same file after a position. */
    FileSplit from(Position newPosition, FileContent newContent) {
        return new FileSplit(path, name, status, newPosition, newContent);
    }

    @Override
    public String splitId() {
        return path;
    }

    /**
     * Version 3: path, name, ordinal of the status, position (offset, line, whether it is in an
     * array), whether there is a content, content.
     */
    static final class Serializer implements SimpleVersionedSerializer<FileSplit> {

        private static final int VERSION = 3;

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
            out.writeByte(split.status.ordinal());
            split.position.write(out);
            out.writeBoolean(split.content != null);
            if (split.content != null) {
                split.content.write(out);
            }
        }

        static FileSplit read(DataInputDeserializer in) throws IOException {
            return new FileSplit(
                    in.readUTF(),
                    in.readUTF(),
                    Status.values()[in.readByte()],
                    Position.read(in),
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
