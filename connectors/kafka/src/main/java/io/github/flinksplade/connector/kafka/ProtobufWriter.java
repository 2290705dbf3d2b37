package io.github.flinksplade.connector.kafka;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Writes a vector as the message of {@code sparse_vector.proto}, with packed ids and weights. The
 * fields are written directly: the build needs no Protobuf compiler, and no number is boxed.
 */
final class ProtobufWriter implements ValueWriter {

    private static final long serialVersionUID = 1L;

    /** The text of the schema file. */
    static final String SCHEMA = ValueWriter.resource("sparse_vector.proto");

    static final int ID = 1;
    static final int VERSION = 2;
    static final int INDICES = 3;
    static final int VALUES = 4;
    static final int TEXT = 5;
    static final int FIELDS = 6;
    static final int TOKENS = 7;
    static final int TRUNCATED = 8;
    static final int ENCODER = 9;
    static final int MODEL = 10;
    static final int MODEL_SHA256 = 11;

    private final boolean withText;
    private final Provenance provenance;

    ProtobufWriter(boolean withText, Provenance provenance) {
        this.withText = withText;
        this.provenance = provenance;
    }

    @Override
    public byte[] bytes(VectorRecord record) {
        int indicesBytes = 0;
        for (int index : record.vector().indices()) {
            indicesBytes += CodedOutputStream.computeUInt32SizeNoTag(index);
        }
        String text = withText ? record.text() : null;
        String fingerprint = provenance.fingerprint();
        byte[] bytes =
                new byte
                        [CodedOutputStream.computeStringSize(ID, record.id())
                                + CodedOutputStream.computeInt64Size(VERSION, record.version())
                                + packedSize(INDICES, indicesBytes)
                                + packedSize(VALUES, 4 * record.vector().values().length)
                                + (text == null
                                        ? 0
                                        : CodedOutputStream.computeStringSize(TEXT, text))
                                + CodedOutputStream.computeStringSize(FIELDS, record.fields())
                                + CodedOutputStream.computeUInt32Size(TOKENS, record.tokens())
                                + CodedOutputStream.computeBoolSize(TRUNCATED, record.truncated())
                                + CodedOutputStream.computeStringSize(ENCODER, fingerprint)
                                + CodedOutputStream.computeStringSize(MODEL, provenance.model())
                                + CodedOutputStream.computeStringSize(
                                        MODEL_SHA256, provenance.modelSha256())];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeString(ID, record.id());
            out.writeInt64(VERSION, record.version());
            if (indicesBytes > 0) {
                out.writeTag(INDICES, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(indicesBytes);
                for (int index : record.vector().indices()) {
                    out.writeUInt32NoTag(index);
                }
                out.writeTag(VALUES, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(4 * record.vector().values().length);
                for (float value : record.vector().values()) {
                    out.writeFloatNoTag(value);
                }
            }
            if (text != null) {
                out.writeString(TEXT, text);
            }
            out.writeString(FIELDS, record.fields());
            out.writeUInt32(TOKENS, record.tokens());
            out.writeBool(TRUNCATED, record.truncated());
            out.writeString(ENCODER, fingerprint);
            out.writeString(MODEL, provenance.model());
            out.writeString(MODEL_SHA256, provenance.modelSha256());
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException("a byte array can always be written to", e);
        }
        return bytes;
    }

    private static int packedSize(int field, int bytes) {
        return bytes == 0
                ? 0
                : CodedOutputStream.computeTagSize(field)
                        + CodedOutputStream.computeUInt32SizeNoTag(bytes)
                        + bytes;
    }

    /** The message's full name. */
    @Override
    public String schema() {
        return "protobuf:io.github.flinksplade.SparseVector";
    }
}
