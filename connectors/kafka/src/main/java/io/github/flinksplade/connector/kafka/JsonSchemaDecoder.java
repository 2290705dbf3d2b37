package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import java.util.Arrays;

/** Decodes JSON in the {@link ConfluentWireFormat}. Its schema is not needed for it. */
enum JsonSchemaDecoder implements RecordDecoder {
    INSTANCE;

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        RecordPart part = RecordPart.of(bytes, record);
        int from = ConfluentWireFormat.read(bytes, record, false).from();
        byte[] payload = Arrays.copyOfRange(bytes, from, bytes.length);
        try {
            return JsonReader.parse(TextDecoder.utf8(payload, part.toString()));
        } catch (JsonSyntaxException e) {
            throw part.invalid(
                    "is not JSON" + (from > 0 ? " after the schema id" : ""), e.getMessage());
        }
    }
}
