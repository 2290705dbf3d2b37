package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.SourceRecord;

/** The part of a record that is decoded. */
enum RecordPart {
    KEY(Reason.ID),
    VALUE(Reason.MALFORMED);

    private final Reason reason;

    RecordPart(Reason reason) {
        this.reason = reason;
    }

    /** The part of the record that these bytes are. */
    static RecordPart of(byte[] bytes, SourceRecord record) {
        return bytes == record.key() ? KEY : VALUE;
    }

    /**
     * The exception for a part that cannot be decoded.
     *
     * @param predicate what is wrong with it, after {@code the value}
     * @param detail see {@link InvalidRecordException}
     */
    InvalidRecordException invalid(String predicate, String detail) {
        return new InvalidRecordException(reason, this + " " + predicate, detail);
    }

    /** The header that contains the id of the schema, if the part itself does not. */
    String schemaHeader() {
        return this == KEY ? "__key_schema_id" : "__value_schema_id";
    }

    /** The option of the format of this part. */
    String option() {
        return this == KEY ? "key" : "format";
    }

    @Override
    public String toString() {
        return this == KEY ? "the key" : "the value";
    }
}
