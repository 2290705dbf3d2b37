package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue;
import java.io.IOException;

/**
 * Decodes keys or values that are only a payload, without the {@link ConfluentWireFormat}, with the
 * schema of a file.
 */
final class SchemaFileDecoder implements RecordDecoder {

    private static final long serialVersionUID = 1L;

    private final SchemaFile schema;

    private transient PayloadDecoder decoder;

    SchemaFileDecoder(SchemaFile schema) {
        this.schema = schema;
    }

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        if (decoder == null) {
            decoder = schema.decoder();
        }
        try {
            return decoder.decode(bytes, 0);
        } catch (IOException e) {
            RecordPart part = RecordPart.of(bytes, record);
            throw part.invalid(
                    ConfluentWireFormat.matches(bytes)
                            ? "does not have the schema of "
                                    + schema.name()
                                    + "; it may start with a schema id, which requires the option"
                                    + " registry instead of a file"
                            : "does not have the schema of " + schema.name(),
                    e.getMessage());
        }
    }
}
