package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/**
 * Writes a vector in Avro's binary encoding, with the schema {@code sparse_vector.avsc}. The fields
 * are written directly, in the order of the schema: a generic record would box every number.
 */
final class AvroWriter implements ValueWriter {

    private static final long serialVersionUID = 1L;

    /** The text of the schema file. */
    static final String SCHEMA = ValueWriter.resource("sparse_vector.avsc");

    private final boolean withText;
    private final Provenance provenance;

    private transient BinaryEncoder encoder;

    AvroWriter(boolean withText, Provenance provenance) {
        this.withText = withText;
        this.provenance = provenance;
    }

    @Override
    public byte[] bytes(VectorRecord record) {
        ByteArrayOutputStream out =
                new ByteArrayOutputStream(256 + 8 * record.vector().indices().length);
        try {
            encoder = EncoderFactory.get().binaryEncoder(out, encoder);
            write(record);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("a byte array can always be written to", e);
        }
        return out.toByteArray();
    }

    private void write(VectorRecord record) throws IOException {
        encoder.writeString(record.id());
        encoder.writeLong(record.version());
        encoder.writeArrayStart();
        encoder.setItemCount(record.vector().indices().length);
        for (int index : record.vector().indices()) {
            encoder.startItem();
            encoder.writeInt(index);
        }
        encoder.writeArrayEnd();
        encoder.writeArrayStart();
        encoder.setItemCount(record.vector().values().length);
        for (float value : record.vector().values()) {
            encoder.startItem();
            encoder.writeFloat(value);
        }
        encoder.writeArrayEnd();
        if (withText && record.text() != null) {
            encoder.writeIndex(1);
            encoder.writeString(record.text());
        } else {
            encoder.writeIndex(0);
            encoder.writeNull();
        }
        encoder.writeString(record.fields());
        encoder.writeInt(record.tokens());
        encoder.writeBoolean(record.truncated());
        encoder.writeString(provenance.fingerprint());
        encoder.writeString(provenance.model());
        encoder.writeString(provenance.modelSha256());
    }

    /** SHA-256 of the schema's parsing canonical form. */
    @Override
    public String schema() {
        try {
            Schema schema = new Schema.Parser().parse(SCHEMA);
            return "avro:"
                    + HexFormat.of()
                            .formatHex(SchemaNormalization.parsingFingerprint("SHA-256", schema));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }
}
