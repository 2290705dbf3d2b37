package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.VectorRecord;
import java.nio.ByteBuffer;

/**
 * Writes values whose schema is in a registry, in Confluent's {@link ConfluentWireFormat}.
 *
 * @param writer writes the value itself
 * @param prefix the bytes before it
 */
record WireFormatWriter(ValueWriter writer, byte[] prefix) implements ValueWriter {

    private static final long serialVersionUID = 1L;

    static WireFormatWriter avro(AvroWriter writer, int schemaId) {
        return new WireFormatWriter(writer, ConfluentWireFormat.avroPrefix(schemaId));
    }

    static WireFormatWriter protobuf(ProtobufWriter writer, int schemaId) {
        return new WireFormatWriter(writer, ConfluentWireFormat.protobufPrefix(schemaId));
    }

    @Override
    public byte[] bytes(VectorRecord record) {
        byte[] value = writer.bytes(record);
        return ByteBuffer.allocate(prefix.length + value.length).put(prefix).put(value).array();
    }
}
