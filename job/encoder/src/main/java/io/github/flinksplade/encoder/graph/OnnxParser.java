package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Parses ONNX files without reading their large weights, which protobuf would copy to the heap.
 * They become references to their position in the file, as if they were external.
 */
final class OnnxParser {

    /** Min bytes of a weight that is not read. */
    static final int MIN_REFERENCED_BYTES = 1 << 16;

    private static final int RAW_DATA =
            TensorProto.RAW_DATA_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private final CodedInputStream in;
    private final long size;
    private final String fileName;

    private OnnxParser(CodedInputStream in, long size, String fileName) {
        this.in = in;
        this.size = size;
        this.fileName = fileName;
    }

    /** The model of a file. */
    static ModelProto parse(Path file) throws IOException {
        try (InputStream stream = Files.newInputStream(file)) {
            CodedInputStream in = CodedInputStream.newInstance(stream, 1 << 16);
            OnnxParser parser = new OnnxParser(in, Files.size(file), file.getFileName().toString());
            return ModelProto.parseFrom(parser.copyModel());
        }
    }

    private interface Copy {
        void to(CodedOutputStream out) throws IOException;
    }

    private static ByteString written(Copy copy) throws IOException {
        ByteString.Output bytes = ByteString.newOutput();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        copy.to(out);
        out.flush();
        return bytes.toByteString();
    }

    private ByteString copyModel() throws IOException {
        return written(
                out ->
                        copy(
                                out,
                                ModelProto.GRAPH_FIELD_NUMBER,
                                graph ->
                                        copy(
                                                graph,
                                                GraphProto.INITIALIZER_FIELD_NUMBER,
                                                this::copyTensor)));
    }

    /** Copies fields; those of one number are messages, which another function copies. */
    private void copy(CodedOutputStream out, int number, Copy message) throws IOException {
        int expected = number << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == expected) {
                int outer = in.pushLimit(in.readRawVarint32());
                out.writeBytes(number, written(message));
                in.popLimit(outer);
            } else {
                copyField(tag, out);
            }
        }
    }

    private void copyField(int tag, CodedOutputStream out) throws IOException {
        out.writeUInt32NoTag(tag);
        switch (WireFormat.getTagWireType(tag)) {
            case WireFormat.WIRETYPE_VARINT -> out.writeUInt64NoTag(in.readRawVarint64());
            case WireFormat.WIRETYPE_FIXED32 -> out.writeFixed32NoTag(in.readRawLittleEndian32());
            case WireFormat.WIRETYPE_FIXED64 -> out.writeFixed64NoTag(in.readRawLittleEndian64());
            case WireFormat.WIRETYPE_LENGTH_DELIMITED -> out.writeBytesNoTag(in.readBytes());
            default -> throw new InvalidProtocolBufferException("a field has an unknown type");
        }
    }

    private void copyTensor(CodedOutputStream out) throws IOException {
        long position = -1;
        int length = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag != RAW_DATA) {
                copyField(tag, out);
                continue;
            }
            length = in.readRawVarint32();
            if (length < MIN_REFERENCED_BYTES) {
                out.writeByteArray(TensorProto.RAW_DATA_FIELD_NUMBER, in.readRawBytes(length));
                continue;
            }
            position = in.getTotalBytesRead();
            if (position + length > size) {
                throw new InvalidProtocolBufferException("a weight ends after the end of the file");
            }
            in.skipRawBytes(length);
        }
        if (position >= 0) {
            out.writeEnum(
                    TensorProto.DATA_LOCATION_FIELD_NUMBER,
                    TensorProto.DataLocation.EXTERNAL_VALUE);
            entry(out, "location", fileName);
            entry(out, "offset", Long.toString(position));
            entry(out, "length", Integer.toString(length));
        }
    }

    private static void entry(CodedOutputStream out, String key, String value) throws IOException {
        out.writeMessage(
                TensorProto.EXTERNAL_DATA_FIELD_NUMBER,
                StringStringEntryProto.newBuilder().setKey(key).setValue(value).build());
    }
}
