package io.github.flinksplade.connector.lucene;

import java.io.IOException;
import java.util.UUID;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Identifies a commit of an index; the state of {@link LuceneWriter}.
 *
 * @param checkpointId the Flink checkpoint of the commit; 0 for a commit without one (the first,
 *     empty commit and the one at the end of the input)
 * @param name a unique name, because checkpoint ids are not unique: a job without state starts from
 *     1 again
 */
record CommitPoint(long checkpointId, String name) {

    static CommitPoint next(long checkpointId) {
        return new CommitPoint(checkpointId, UUID.randomUUID().toString());
    }

    /** Version 1: the checkpoint id in 8 bytes, the name by {@code writeUTF}. */
    static final class Serializer implements SimpleVersionedSerializer<CommitPoint> {

        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(CommitPoint point) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(64);
            out.writeLong(point.checkpointId());
            out.writeUTF(point.name());
            return out.getCopyOfBuffer();
        }

        @Override
        public CommitPoint deserialize(int version, byte[] bytes) throws IOException {
            if (version != 1) {
                throw new IOException(
                        "the state of a Lucene writer has version "
                                + version
                                + ", but this release reads version 1. Use the release that wrote"
                                + " it, or start without the state");
            }
            DataInputDeserializer in = new DataInputDeserializer(bytes);
            return new CommitPoint(in.readLong(), in.readUTF());
        }
    }
}
