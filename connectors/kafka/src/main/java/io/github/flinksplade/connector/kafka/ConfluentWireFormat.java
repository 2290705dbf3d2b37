package io.github.flinksplade.connector.kafka;

import com.google.protobuf.CodedInputStream;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;

/**
 * Confluent's wire format of keys and values whose schema is in a registry: a zero byte, the schema
 * id in four bytes (big-endian), for Protobuf the index of the message in its file, and the
 * payload. Newer serializers can write all but the payload to a header of the record instead, with
 * a byte 1 and the GUID of the schema, or as above.
 */
final class ConfluentWireFormat {

    /** Length of the zero byte and the schema id. */
    static final int PREFIX_BYTES = 1 + Integer.BYTES;

    private static final byte MAGIC = 0;
    private static final byte MAGIC_OF_GUID = 1;

    /** Length of the byte before a GUID and the GUID. */
    private static final int GUID_BYTES = 1 + 2 * Long.BYTES;

    /** A message index with more levels is invalid: Protobuf's own limit of nested messages. */
    private static final int MAX_LEVELS = 32;

    private ConfluentWireFormat() {}

    /** What precedes a payload in Avro. */
    static byte[] avroPrefix(int schemaId) {
        return ByteBuffer.allocate(PREFIX_BYTES).put(MAGIC).putInt(schemaId).array();
    }

    /** What precedes a payload in Protobuf that is the first message of its file. */
    static byte[] protobufPrefix(int schemaId) {
        return ByteBuffer.allocate(PREFIX_BYTES + 1)
                .put(avroPrefix(schemaId))
                .put((byte) 0)
                .array();
    }

    /**
     * A payload and the schema that it was written with.
     *
     * @param schema its id, an {@link Integer}, or its GUID, a {@link UUID}
     * @param bytes an array that ends with the payload; for Protobuf with the index of the message
     *     before it
     * @param from where that starts
     */
    record Framed(Object schema, byte[] bytes, int from) {

        /** The id or GUID, for messages. */
        static String describe(Object schema) {
            return schema instanceof Integer id
                    ? "id " + Integer.toUnsignedString(id)
                    : "GUID " + schema;
        }
    }

    /**
     * Reads the id of the schema in a header of the record, which newer serializers can write, or
     * else before the payload.
     *
     * @param hasMessageIndex whether the index of a message of Protobuf follows the id
     * @throws InvalidRecordException if neither is valid
     */
    static Framed read(byte[] bytes, SourceRecord record, boolean hasMessageIndex)
            throws InvalidRecordException {
        RecordPart part = RecordPart.of(bytes, record);
        byte[] header = header(record, part.schemaHeader());
        if (header == null) {
            return new Framed(requireSchemaId(bytes, part), bytes, PREFIX_BYTES);
        }
        Object schema;
        int end;
        if (header.length >= GUID_BYTES && header[0] == MAGIC_OF_GUID) {
            schema =
                    new UUID(
                            ByteBuffer.wrap(header).getLong(1), ByteBuffer.wrap(header).getLong(9));
            end = GUID_BYTES;
        } else if (matches(header)) {
            schema = ByteBuffer.wrap(header).getInt(1);
            end = PREFIX_BYTES;
        } else {
            throw part.invalid(
                    "has no schema id in the header "
                            + part.schemaHeader()
                            + ", which contains a byte 1 and a GUID, or a byte 0 and an id",
                    "it contains the bytes " + hex(header, GUID_BYTES));
        }
        if (!hasMessageIndex) {
            return new Framed(schema, bytes, 0);
        }
        // without an index, it is the first message of the file
        byte[] index =
                end < header.length ? Arrays.copyOfRange(header, end, header.length) : new byte[1];
        byte[] indexed = Arrays.copyOf(index, index.length + bytes.length);
        System.arraycopy(bytes, 0, indexed, index.length, bytes.length);
        return new Framed(schema, indexed, 0);
    }

    /** The value of the last header with a name; null without one. */
    private static byte[] header(SourceRecord record, String name) {
        for (int i = record.headerNames().length - 1; i >= 0; i--) {
            if (record.headerNames()[i].equals(name)) {
                return record.headerValues()[i];
            }
        }
        return null;
    }

    private static String hex(byte[] bytes, int max) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes, 0, Math.min(max, bytes.length));
    }

    /** Whether a key or value can have this format. */
    static boolean matches(byte[] bytes) {
        return bytes.length >= PREFIX_BYTES && bytes[0] == MAGIC;
    }

    /**
     * The schema id.
     *
     * @param part what the bytes are
     * @throws InvalidRecordException if they do not have this format
     */
    private static int requireSchemaId(byte[] bytes, RecordPart part)
            throws InvalidRecordException {
        if (!matches(bytes)) {
            throw part.invalid(
                    "does not start with a zero byte and a schema id, which serializers for a"
                            + " schema registry write. If it is JSON, use "
                            + part.option()
                            + "=json; if it is Avro or Protobuf, name its schema with the option "
                            + (part == RecordPart.KEY ? "key-schema" : "schema"),
                    "it starts with the bytes " + hex(bytes, PREFIX_BYTES));
        }
        return ByteBuffer.wrap(bytes).getInt(1);
    }

    /**
     * Reads the index of a message: its position in the file, then its position in each message
     * that contains it. All numbers are zigzag varints, the first one is the number of levels; a
     * single zero is the first message of the file.
     */
    static int[] readMessageIndex(CodedInputStream in) throws IOException {
        int levels = in.readSInt32();
        if (levels == 0) {
            return new int[] {0};
        }
        if (levels < 0 || levels > MAX_LEVELS) {
            throw new IOException("its message index has " + levels + " levels");
        }
        int[] index = new int[levels];
        for (int i = 0; i < levels; i++) {
            index[i] = in.readSInt32();
        }
        return index;
    }
}
