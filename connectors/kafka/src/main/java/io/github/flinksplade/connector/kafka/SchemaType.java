package io.github.flinksplade.connector.kafka;

import com.google.protobuf.Descriptors.FileDescriptor;
import io.github.flinksplade.connector.kafka.SchemaRegistryClient.RegisteredSchema;

/** The types of schemas that are needed to decode a payload, with the names of the registry. */
enum SchemaType {
    AVRO {
        @Override
        PayloadDecoder decoder(RegisteredSchema schema) throws InvalidSchemaException {
            return AvroDecoder.of(schema.text(), schema.references().values());
        }
    },
    PROTOBUF {
        @Override
        PayloadDecoder decoder(RegisteredSchema schema) throws InvalidSchemaException {
            FileDescriptor file =
                    new ProtoFiles(schema.references()::get).compile("schema", schema.text());
            return ProtobufDecoder.indexed(file);
        }
    };

    /** A decoder of payloads in the wire format. */
    abstract PayloadDecoder decoder(RegisteredSchema schema) throws InvalidSchemaException;
}
