package io.github.flinksplade.connector.lucene;

import java.io.IOException;
import java.util.UUID;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Names one commit of an index; the state of {@link LuceneWriter}.
 *
 * @param checkpointId the Flink checkpoint that the commit was made for; 0 for a commit without one
 *     (the first, empty commit, and the one at the end of the input)
 * @param name unique. The checkpoint's number alone is not: a job without earlier state counts from
 *     1 again
 */
record CommitPoint(long checkpointId, String name) {

    static CommitPoint next(long checkpointId) {
        return new CommitPoint(checkpointId, UUID.randomUUID().toString());
    }

    /** Version 1: the number as 8 bytes, the name as {@code writeUTF} has it. */
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
                        "state of a Lucene writer in version "
                                + version
                                + ", but this release reads version 1; use the release that wrote"
                                + " it");
            }
            DataInputDeserializer in = new DataInputDeserializer(bytes);
            return new CommitPoint(in.readLong(), in.readUTF());
        }
    }
}
