package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.kafka.SchemaRegistryClient.RegisteredSchema;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Decodes keys or values in the {@link ConfluentWireFormat}. The schema of an id never changes, so
 * it is looked up once.
 */
final class RegistryDecoder implements RecordDecoder {

    private static final long serialVersionUID = 1L;

    /** How long an id is not looked up again that the registry does not have. */
    private static final long REJECTED_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** Max number of ids to remember, which are random in corrupt records. */
    private static final int MAX_REJECTED = 1_000;

    private record Rejected(InvalidRecordException reason, long since) {}

    private final SchemaType type;
    private final SchemaRegistryClient registry;

    private transient Map<Integer, PayloadDecoder> decoders;
    private transient Map<Integer, Rejected> rejected;

    RegistryDecoder(SchemaType type, SchemaRegistryClient registry) {
        this.type = type;
        this.registry = registry;
    }

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        RecordPart part = RecordPart.of(bytes, record);
        int id = ConfluentWireFormat.requireSchemaId(bytes, part);
        try {
            return decoder(id, part).decode(bytes, ConfluentWireFormat.PREFIX_BYTES);
        } catch (IOException e) {
            throw part.invalid(
                    "does not have its schema in the registry",
                    e.getMessage() + " (schema id " + Integer.toUnsignedString(id) + ")");
        }
    }

    private PayloadDecoder decoder(int id, RecordPart part) throws InvalidRecordException {
        if (decoders == null) {
            decoders = new HashMap<>();
            rejected = new HashMap<>();
        }
        PayloadDecoder known = decoders.get(id);
        if (known != null) {
            return known;
        }
        Rejected earlier = rejected.get(id);
        if (earlier != null && System.nanoTime() - earlier.since() < REJECTED_NANOS) {
            throw earlier.reason();
        }
        try {
            PayloadDecoder decoder = lookUp(id, part);
            decoders.put(id, decoder);
            rejected.remove(id);
            return decoder;
        } catch (InvalidRecordException e) {
            if (rejected.size() >= MAX_REJECTED) {
                rejected.clear();
            }
            rejected.put(id, new Rejected(e, System.nanoTime()));
            throw e;
        }
    }

    private PayloadDecoder lookUp(int id, RecordPart part) throws InvalidRecordException {
        RegisteredSchema schema = registry.schema(id);
        if (!schema.type().equals(type.name())) {
            throw part.invalid(
                    "has a schema of type "
                            + schema.type()
                            + ", but the option "
                            + part.option()
                            + " requires "
                            + type,
                    "schema id " + Integer.toUnsignedString(id));
        }
        try {
            return type.decoder(schema);
        } catch (InvalidSchemaException e) {
            throw new InvalidRecordException(
                    Reason.SCHEMA,
                    "the schema of the record in the registry cannot be used",
                    "id " + Integer.toUnsignedString(id) + ": " + e.getMessage());
        }
    }
}
