package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Reads the vectors that a {@link ValueWriter} wrote in any format with unrounded weights. JSON
 * starts with a brace, Confluent's wire format with a zero byte; for plain Avro or Protobuf a
 * header names the schema. For one thread.
 */
final class ValueReader {

    private static final JsonFactory JSON = new JsonFactory();

    private static final String AVRO = new AvroWriter(false, null).schema();
    private static final String PROTOBUF = new ProtobufWriter(false, null).schema();

    private final SourceRecord origin;

    private String id;
    private long version;
    private int[] indices = new int[0];
    private float[] values = new float[0];
    private int indicesRead;
    private int valuesRead;
    private String text;
    private String fields = "{}";
    private int tokens;
    private boolean truncated;

    private ValueReader(SourceRecord origin) {
        this.origin = origin;
    }

    /**
     * The vector.
     *
     * @param schema the header that names the schema; may be null
     * @param origin key and value
     * @throws IOException if the value is invalid, with the reason
     */
    static VectorRecord read(String schema, SourceRecord origin) throws IOException {
        ValueReader reader = new ValueReader(origin);
        byte[] value = origin.value();
        if (schema != null) {
            if (schema.equals(AVRO)) {
                reader.avro(0);
            } else if (schema.equals(PROTOBUF)) {
                reader.protobuf(0);
            } else {
                throw new IOException("its schema " + schema + " is unknown");
            }
        } else if (value.length > ConfluentWireFormat.PREFIX_BYTES
                && ConfluentWireFormat.matches(value)) {
            // An Avro value starts with the length of the id, which is not empty.
            if (value[ConfluentWireFormat.PREFIX_BYTES] == 0) {
                reader.protobuf(ConfluentWireFormat.PREFIX_BYTES + 1);
            } else {
                reader.avro(ConfluentWireFormat.PREFIX_BYTES);
            }
        } else {
            reader.json();
        }
        return reader.record();
    }

    private VectorRecord record() throws IOException {
        String key = new String(origin.key(), StandardCharsets.UTF_8);
        if (!key.equals(id)) {
            throw new IOException("its id is " + id + ", but its key is " + key);
        }
        if (indicesRead != valuesRead) {
            throw new IOException(
                    "it has " + indicesRead + " term ids but " + valuesRead + " weights");
        }
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                text,
                fields,
                new SparseVector(
                        Arrays.copyOf(indices, indicesRead), Arrays.copyOf(values, valuesRead)),
                tokens,
                truncated,
                origin);
    }

    private void add(int index) {
        if (indicesRead == indices.length) {
            indices = Arrays.copyOf(indices, Math.max(256, 2 * indicesRead));
        }
        indices[indicesRead++] = index;
    }

    private void add(float value) {
        if (valuesRead == values.length) {
            values = Arrays.copyOf(values, Math.max(256, 2 * valuesRead));
        }
        values[valuesRead++] = value;
    }

    private void json() throws IOException {
        String json = new String(origin.value(), StandardCharsets.UTF_8);
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("it is not a JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "id" -> id = parser.getText();
                    case "version" -> version = parser.getLongValue();
                    case "indices" -> {
                        while (parser.nextToken() != JsonToken.END_ARRAY) {
                            add(parser.getIntValue());
                        }
                    }
                    case "values" -> {
                        while (parser.nextToken() != JsonToken.END_ARRAY) {
                            // Not parsed as a double, which would round twice.
                            add(Float.parseFloat(parser.getText()));
                        }
                    }
                    case "vector" ->
                            throw new IOException("its weights are rounded (format=lucene)");
                    case "text" -> text = parser.getText();
                    case "fields" -> {
                        int start = (int) parser.currentTokenLocation().getCharOffset();
                        parser.skipChildren();
                        // The original text, so that numbers keep their digits.
                        fields =
                                json.substring(
                                        start, (int) parser.currentLocation().getCharOffset());
                    }
                    case "tokens" -> tokens = parser.getIntValue();
                    case "truncated" -> truncated = parser.getBooleanValue();
                    default -> parser.skipChildren();
                }
            }
        }
    }

    /** In the order of {@code sparse_vector.avsc}. The provenance is read from the headers. */
    private void avro(int from) throws IOException {
        byte[] value = origin.value();
        BinaryDecoder decoder =
                DecoderFactory.get().binaryDecoder(value, from, value.length - from, null);
        id = decoder.readString();
        version = decoder.readLong();
        for (long block = decoder.readArrayStart(); block != 0; block = decoder.arrayNext()) {
            for (long i = 0; i < block; i++) {
                add(decoder.readInt());
            }
        }
        for (long block = decoder.readArrayStart(); block != 0; block = decoder.arrayNext()) {
            for (long i = 0; i < block; i++) {
                add(decoder.readFloat());
            }
        }
        text = decoder.readIndex() == 1 ? decoder.readString() : null;
        fields = decoder.readString();
        tokens = decoder.readInt();
        truncated = decoder.readBoolean();
        decoder.skipString();
        decoder.skipString();
        decoder.skipString();
        if (!decoder.isEnd()) {
            throw new IOException("it has bytes after the record of sparse_vector.avsc");
        }
    }

    private void protobuf(int from) throws IOException {
        byte[] value = origin.value();
        CodedInputStream in = CodedInputStream.newInstance(value, from, value.length - from);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case ProtobufWriter.ID -> id = in.readString();
                case ProtobufWriter.VERSION -> version = in.readInt64();
                case ProtobufWriter.INDICES -> {
                    int limit = in.pushLimit(in.readRawVarint32());
                    while (in.getBytesUntilLimit() > 0) {
                        add(in.readUInt32());
                    }
                    in.popLimit(limit);
                }
                case ProtobufWriter.VALUES -> {
                    int limit = in.pushLimit(in.readRawVarint32());
                    while (in.getBytesUntilLimit() > 0) {
                        add(in.readFloat());
                    }
                    in.popLimit(limit);
                }
                case ProtobufWriter.TEXT -> text = in.readString();
                case ProtobufWriter.FIELDS -> fields = in.readString();
                case ProtobufWriter.TOKENS -> tokens = in.readUInt32();
                case ProtobufWriter.TRUNCATED -> truncated = in.readBool();
                default -> in.skipField(tag);
            }
        }
    }
}
