package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.RecordFormat.Envelope;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.pipeline.mapping.DecodedRecord;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import io.github.flinksplade.pipeline.mapping.MappedDocument;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Parses records into documents: the format of the source decodes them, and the mapping selects the
 * fields of the document.
 *
 * <p>Without options, {@code id} is a string or an integer (converted to its decimal digits);
 * without it and {@code _id}, the record's key is the id. {@code text} is a string. {@code version}
 * is an integer from 0 to 2^62 - 2; it may be missing or null. {@code op} is optional: {@code
 * upsert} or {@code delete}; a delete needs only an id. All other fields are stored unchanged. The
 * format of BEIR is recognized by {@code _id} instead of {@code id}: the encoded text is its {@code
 * title}, a space and its {@code text}, and {@code title} is also a field. A record without a value
 * (a tombstone) deletes the id that is its key.
 *
 * <p>Text is strict UTF-8. A lone surrogate, which only an escape in JSON can contain, becomes
 * U+FFFD in texts and fields and is invalid in an id.
 */
public final class DocumentParser implements AutoCloseable {

    /**
     * The header of a record that a source truncated because it does not fit into memory; the
     * record is rejected as too large.
     */
    public static final String HEADER_TRUNCATED = "flink-splade.truncated-line";

    private final RecordFormat format;
    private final DocumentMapping mapping;
    private final long maxRecordBytes;

    /**
     * @param maxRecordBytes see {@link PipelineOptions#maxRecordBytes()}
     */
    public DocumentParser(RecordFormat format, DocumentMapping mapping, long maxRecordBytes) {
        this.format = format;
        this.mapping = mapping;
        this.maxRecordBytes = maxRecordBytes;
    }

    /** A parser of documents with the default fields. */
    public DocumentParser(RecordFormat format, long maxRecordBytes) {
        this(format, DocumentMapping.DEFAULT, maxRecordBytes);
    }

    /**
     * The records to parse for a record that was read. They are another number than one if it
     * contains the changes of several rows, the change of an id (the delete of the former one, and
     * an upsert), or no row: each of the records then contains the change of one row, in the format
     * of the original.
     *
     * @throws InvalidRecordException if it is not a valid message
     * @throws io.github.flinksplade.connector.UnreachableException as {@link #parse}
     */
    public List<SourceRecord> split(SourceRecord record) throws InvalidRecordException {
        if (!isChangeMessage() || record.value() == null || isTooLarge(record)) {
            return List.of(record);
        }
        List<RowChange> changes = changes(object(record));
        List<SourceRecord> parts = new ArrayList<>(changes.size());
        for (RowChange change : changes) {
            if (change.replaced() != null && hasOtherId(change.replaced(), change, record)) {
                parts.add(withValue(record, change.replaced().message()));
            }
            parts.add(changes.size() == 1 ? record : withValue(record, change.message()));
        }
        return parts;
    }

    private boolean isChangeMessage() {
        return format.envelope() == Envelope.MAXWELL || format.envelope() == Envelope.CANAL;
    }

    private List<RowChange> changes(JsonObject message) throws InvalidRecordException {
        return format.envelope() == Envelope.MAXWELL
                ? MaxwellMessage.changes(message)
                : CanalMessage.changes(message);
    }

    private boolean hasOtherId(RowChange one, RowChange other, SourceRecord record) {
        try {
            return !mapping.id(decoded(one, record)).equals(mapping.id(decoded(other, record)));
        } catch (InvalidRecordException e) {
            return false; // parsing the change reports it
        }
    }

    private static SourceRecord withValue(SourceRecord record, JsonObject value) {
        return new SourceRecord(
                record.source(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.key(),
                value.toJson().getBytes(StandardCharsets.UTF_8),
                record.headerNames(),
                record.headerValues());
    }

    /**
     * Parses a record; of a change message, one that {@link #split} returned.
     *
     * @throws InvalidRecordException if it does not contain a valid document
     * @throws io.github.flinksplade.connector.UnreachableException if a server that is needed to
     *     decode it is unavailable; the record may be parsed again
     */
    public Document parse(SourceRecord record) throws InvalidRecordException {
        if (isTooLarge(record)) {
            throw new InvalidRecordException(
                    Reason.TOO_LARGE,
                    "the record is larger than max-record-size (" + maxRecordBytes + " bytes)",
                    null);
        }
        MappedDocument document = mapping.map(decode(record));
        return new Document(
                document.id(),
                document.operation(),
                document.text(),
                document.fields(),
                document.version(),
                hasHeader(record, DeadLetter.HEADER_STAGE),
                record);
    }

    private boolean isTooLarge(SourceRecord record) {
        return hasHeader(record, HEADER_TRUNCATED) || record.sizeInBytes() > maxRecordBytes;
    }

    private DecodedRecord.Key key(SourceRecord record) {
        return () -> record.key() == null ? null : format.key().decode(record.key(), record);
    }

    private DecodedRecord decoded(RowChange change, SourceRecord record) {
        return change.decoded(key(record), mapping.isIdInKey());
    }

    private JsonObject object(SourceRecord record) throws InvalidRecordException {
        JsonValue value = format.value().decode(record.value(), record);
        if (!(value instanceof JsonObject object)) {
            throw new InvalidRecordException(
                    Reason.MALFORMED, "the value is not one JSON object", "it is " + value.kind());
        }
        return object;
    }

    private DecodedRecord decode(SourceRecord record) throws InvalidRecordException {
        boolean isTyped = format.isTyped();
        DecodedRecord.Key key = key(record);
        if (record.value() == null) {
            return new DecodedRecord(null, key, null, null, isTyped);
        }
        JsonObject object = object(record);
        if (format.envelope() == Envelope.DEBEZIUM) {
            return DebeziumEvent.of(object).decoded(key, isTyped);
        }
        if (isChangeMessage()) {
            List<RowChange> changes = changes(object);
            if (changes.size() != 1) {
                throw new IllegalStateException("the record was not split");
            }
            return decoded(changes.get(0), record);
        }
        return new DecodedRecord(object, key, null, null, isTyped);
    }

    private static boolean hasHeader(SourceRecord record, String name) {
        for (String header : record.headerNames()) {
            if (header.equals(name)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        format.value().close();
        format.key().close();
    }
}
