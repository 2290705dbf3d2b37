package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumStateSerializer;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * The state of a topic in a checkpoint.
 *
 * @param topicId the topic's id, which differs after a topic is deleted and recreated; null if it
 *     is not known yet
 * @param partitions the state of Flink's connector
 */
record TopicEnumeratorState(String topicId, KafkaSourceEnumState partitions) {

    /** Version 1: the id, the version and the bytes of the connector's own serializer. */
    static final class Serializer implements SimpleVersionedSerializer<TopicEnumeratorState> {

        private static final int VERSION = 1;

        private final KafkaSourceEnumStateSerializer partitions =
                new KafkaSourceEnumStateSerializer();

        @Override
        public int getVersion() {
            return VERSION;
        }

        @Override
        public byte[] serialize(TopicEnumeratorState state) throws IOException {
            DataOutputSerializer out = new DataOutputSerializer(256);
            out.writeUTF(state.topicId() == null ? "" : state.topicId());
            out.writeInt(partitions.getVersion());
            byte[] bytes = partitions.serialize(state.partitions());
            out.writeInt(bytes.length);
            out.write(bytes);
            return out.getCopyOfBuffer();
        }

        @Override
        public TopicEnumeratorState deserialize(int version, byte[] serialized) throws IOException {
            if (version != VERSION) {
                throw new IOException(
                        "the state of a Kafka source has version "
                                + version
                                + ", but this release reads version "
                                + VERSION
                                + ". Use the release that wrote it, or start without the state");
            }
            DataInputDeserializer in = new DataInputDeserializer(serialized);
            String topicId = in.readUTF();
            int partitionsVersion = in.readInt();
            byte[] bytes = new byte[in.readInt()];
            in.readFully(bytes);
            return new TopicEnumeratorState(
                    topicId.isEmpty() ? null : topicId,
                    partitions.deserialize(partitionsVersion, bytes));
        }
    }
}
