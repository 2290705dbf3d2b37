package io.github.flinksplade.connector.kafka;

import java.io.IOException;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumStateSerializer;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * What a checkpoint contains of a topic.
 *
 * @param topicId the topic's id, which a topic recreated under the same name does not have; null
 *     when it has not been seen yet
 * @param partitions the partitions as Flink's connector keeps them
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
                                + ", this program reads version "
                                + VERSION);
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
