package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.kafka.ConfluentWireFormat.Framed;
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

    /** By id or GUID. */
    private transient Map<Object, PayloadDecoder> decoders;

    private transient Map<Object, Rejected> rejected;

    RegistryDecoder(SchemaType type, SchemaRegistryClient registry) {
        this.type = type;
        this.registry = registry;
    }

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        RecordPart part = RecordPart.of(bytes, record);
        Framed framed = ConfluentWireFormat.read(bytes, record, type == SchemaType.PROTOBUF);
        try {
            return decoder(framed.schema(), part).decode(framed.bytes(), framed.from());
        } catch (IOException e) {
            throw part.invalid(
                    "does not have its schema in the registry",
                    e.getMessage() + " (schema " + Framed.describe(framed.schema()) + ")");
        }
    }

    private PayloadDecoder decoder(Object id, RecordPart part) throws InvalidRecordException {
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

    private PayloadDecoder lookUp(Object id, RecordPart part) throws InvalidRecordException {
        RegisteredSchema schema = registry.schema(id);
        if (!schema.type().equals(type.name())) {
            throw part.invalid(
                    "has a schema of type "
                            + schema.type()
                            + ", but the option "
                            + part.option()
                            + " requires "
                            + type,
                    "schema " + Framed.describe(id));
        }
        try {
            return type.decoder(schema);
        } catch (InvalidSchemaException e) {
            throw new InvalidRecordException(
                    Reason.SCHEMA,
                    "the schema of the record in the registry cannot be used",
                    Framed.describe(id) + ": " + e.getMessage());
        }
    }
}
