package io.github.flinksplade.connector.kafka;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.OneofDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Decodes values with the libraries' generic readers, from the text of the schema only. */
final class ValueDecoder {

    private static final Pattern FIELD =
            Pattern.compile("(optional |repeated )?(\\w+) (\\w+) = (\\d+);");

    private ValueDecoder() {}

    /** The fields by name. Fails if bytes are left over. */
    static Map<String, Object> avro(String schema, byte[] value, int from) throws IOException {
        Schema parsed = new Schema.Parser().parse(schema);
        BinaryDecoder decoder =
                DecoderFactory.get().binaryDecoder(value, from, value.length - from, null);
        GenericRecord record = new GenericDatumReader<GenericRecord>(parsed).read(null, decoder);
        if (!decoder.isEnd()) {
            throw new IOException("bytes after the record");
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Schema.Field field : parsed.getFields()) {
            Object fieldValue = record.get(field.pos());
            fields.put(
                    field.name(),
                    fieldValue instanceof CharSequence ? fieldValue.toString() : fieldValue);
        }
        return fields;
    }

    /** The fields by name, without missing ones. Fails on unknown fields. */
    static Map<String, Object> protobuf(String schema, byte[] value, int from) throws IOException {
        DynamicMessage message;
        try {
            message =
                    DynamicMessage.newBuilder(descriptor(schema))
                            .mergeFrom(value, from, value.length - from)
                            .build();
        } catch (DescriptorValidationException e) {
            throw new InvalidProtocolBufferException(e.getMessage());
        }
        if (!message.getUnknownFields().asMap().isEmpty()) {
            throw new InvalidProtocolBufferException("unknown: " + message.getUnknownFields());
        }
        Map<String, Object> fields = new TreeMap<>();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (!field.hasPresence() || message.hasField(field)) {
                fields.put(field.getName(), message.getField(field));
            }
        }
        return fields;
    }

    /** The only message of a proto3 file. */
    private static Descriptor descriptor(String schema) throws DescriptorValidationException {
        DescriptorProto.Builder message = DescriptorProto.newBuilder().setName("SparseVector");
        Matcher fields = FIELD.matcher(schema);
        while (fields.find()) {
            FieldDescriptorProto.Builder field =
                    message.addFieldBuilder()
                            .setName(fields.group(3))
                            .setNumber(Integer.parseInt(fields.group(4)))
                            .setType(
                                    FieldDescriptorProto.Type.valueOf(
                                            "TYPE_" + fields.group(2).toUpperCase(Locale.ROOT)))
                            .setLabel(
                                    "repeated ".equals(fields.group(1))
                                            ? FieldDescriptorProto.Label.LABEL_REPEATED
                                            : FieldDescriptorProto.Label.LABEL_OPTIONAL);
            if ("optional ".equals(fields.group(1))) {
                field.setProto3Optional(true).setOneofIndex(message.getOneofDeclCount());
                message.addOneofDecl(
                        OneofDescriptorProto.newBuilder().setName("_" + fields.group(3)));
            }
        }
        FileDescriptorProto file =
                FileDescriptorProto.newBuilder()
                        .setName("sparse_vector.proto")
                        .setSyntax("proto3")
                        .setPackage("io.github.flinksplade")
                        .addMessageType(message)
                        .build();
        return FileDescriptor.buildFrom(file, new FileDescriptor[0])
                .findMessageTypeByName("SparseVector");
    }

    /** What the contract compares. */
    static StoredDocument storedDocument(Map<String, Object> fields) {
        List<?> ids = (List<?>) fields.get("indices");
        List<?> weights = (List<?>) fields.get("values");
        float[] values = new float[weights.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (Float) weights.get(i);
        }
        return new StoredDocument(
                ids.stream().mapToInt(id -> (Integer) id).toArray(),
                values,
                (String) fields.get("text"),
                (String) fields.get("fields"));
    }
}
