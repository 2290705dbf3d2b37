package io.github.flinksplade.connector.kafka;

import com.google.protobuf.CodedInputStream;
import io.github.flinksplade.connector.InvalidRecordException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * Confluent's wire format of keys and values whose schema is in a registry: a zero byte, the schema
 * id in four bytes (big-endian), for Protobuf the index of the message in its file, and the
 * payload.
 */
final class ConfluentWireFormat {

    /** Length of the zero byte and the schema id. */
    static final int PREFIX_BYTES = 1 + Integer.BYTES;

    private static final byte MAGIC = 0;

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
    static int requireSchemaId(byte[] bytes, RecordPart part) throws InvalidRecordException {
        if (!matches(bytes)) {
            throw part.invalid(
                    "does not start with a zero byte and a schema id, which serializers for a"
                            + " schema registry write. If it is JSON, use "
                            + part.option()
                            + "=json; if it is Avro or Protobuf, name its schema with the option "
                            + (part == RecordPart.KEY ? "key-schema" : "schema"),
                    "it starts with the bytes "
                            + HexFormat.ofDelimiter(" ")
                                    .formatHex(bytes, 0, Math.min(PREFIX_BYTES, bytes.length)));
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
