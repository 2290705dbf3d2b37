package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.VectorRecord;
import java.nio.ByteBuffer;

/**
 * Writes values whose schema is in a registry, in Confluent's wire format: a zero byte, the schema
 * id in four bytes (big-endian), for Protobuf the index of the message in its file (a zero byte for
 * the first), and the value.
 *
 * @param writer writes the value itself
 * @param prefix the bytes before it
 */
record WireFormatWriter(ValueWriter writer, byte[] prefix) implements ValueWriter {

    private static final long serialVersionUID = 1L;

    static WireFormatWriter avro(AvroWriter writer, int schemaId) {
        return new WireFormatWriter(
                writer, ByteBuffer.allocate(5).put((byte) 0).putInt(schemaId).array());
    }

    static WireFormatWriter protobuf(ProtobufWriter writer, int schemaId) {
        return new WireFormatWriter(
                writer,
                ByteBuffer.allocate(6).put((byte) 0).putInt(schemaId).put((byte) 0).array());
    }

    @Override
    public byte[] bytes(VectorRecord record) {
        byte[] value = writer.bytes(record);
        return ByteBuffer.allocate(prefix.length + value.length).put(prefix).put(value).array();
    }
}
