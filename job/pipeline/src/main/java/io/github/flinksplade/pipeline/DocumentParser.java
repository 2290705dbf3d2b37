package io.github.flinksplade.pipeline;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.KeyFormat;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.UnreadableRecordException.Reason;
import io.github.flinksplade.vector.Utf16;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Parses records into documents. It accepts:
 *
 * <ul>
 *   <li>{@link RecordFormat#JSON}: one JSON object without duplicate fields. {@code id} is a string
 *       or an integer (converted to its decimal digits); without it and {@code _id}, the record's
 *       key is the id. {@code text} is a string. {@code version}, or another configured field, is
 *       an integer from 0 to 2^62 - 2; it may be missing or null. {@code op} is optional: {@code
 *       upsert} or {@code delete}; a delete needs only an id. All other fields are stored
 *       unchanged. The format of BEIR is recognized by {@code _id} instead of {@code id}: the
 *       encoded text is its {@code title}, a space and its {@code text}, and {@code title} is also
 *       a field.
 *   <li>{@link RecordFormat#TSV}: the id, a tab, the text, which may contain tabs.
 *   <li>{@link RecordFormat#TEXT}: the value is the text, the key is the id.
 *   <li>In all formats, a record without a value (a tombstone) deletes the id that is its key.
 * </ul>
 *
 * <p>Ids, keys and texts are strict UTF-8. A lone surrogate, which only an escape in JSON can
 * contain, becomes U+FFFD in texts and fields and is invalid in an id.
 */
public final class DocumentParser {

    /**
     * The header of a record that a source truncated because it does not fit into memory; the
     * record is rejected as too large.
     */
    public static final String HEADER_TRUNCATED = "flink-splade.truncated-line";

    /** The field of JSON documents that contains their version, by default. */
    public static final String VERSION = "version";

    private static final BigInteger MAX_VERSION = BigInteger.valueOf(VectorRecord.MAX_VERSION);
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final char REPLACEMENT = '\uFFFD';

    /** Max number of field names in a message. */
    private static final int MAX_NAMES = 8;

    /** Max number of characters quoted in a message. */
    private static final int MAX_CONTEXT = 20;

    private static final Pattern DUPLICATE =
            Pattern.compile("^Duplicate field '(.*)'", Pattern.DOTALL);

    private final RecordFormat format;
    private final KeyFormat keyFormat;
    private final long maxRecordBytes;
    private final String versionField;
    private static final ObjectMapper KEYS = new ObjectMapper();

    private final JsonFactory json =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // the names of fields are unbounded, so they must not be cached
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    // the max size of records limits their strings
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .maxNameLength(Integer.MAX_VALUE)
                                    .build())
                    .build();

    /**
     * @param maxRecordBytes see {@link PipelineOptions#maxRecordBytes()}
     * @param keyFormat the format of ids in keys
     * @param versionField the field of JSON documents that contains their version, such as {@link
     *     #VERSION}; null if they have none
     */
    public DocumentParser(
            RecordFormat format, KeyFormat keyFormat, long maxRecordBytes, String versionField) {
        this.format = format;
        this.keyFormat = keyFormat;
        this.maxRecordBytes = maxRecordBytes;
        this.versionField = versionField;
    }

    /** A parser of documents whose version, if they have one, is in the field {@link #VERSION}. */
    public DocumentParser(RecordFormat format, long maxRecordBytes) {
        this(format, KeyFormat.STRING, maxRecordBytes, VERSION);
    }

    /**
     * Parses a record.
     *
     * @throws UnreadableRecordException if it does not contain a valid document
     */
    public Document parse(SourceRecord record) throws UnreadableRecordException {
        if (hasHeader(record, HEADER_TRUNCATED) || record.sizeInBytes() > maxRecordBytes) {
            throw new UnreadableRecordException(
                    Reason.TOO_LARGE,
                    "the record is larger than max-record-size (" + maxRecordBytes + " bytes)",
                    null);
        }
        if (record.value() == null) {
            return delete(idFromKey(record, "the record has no value and"), null, record);
        }
        return switch (format) {
            case JSON -> json(record);
            case TSV -> tsv(record);
            case TEXT ->
                    upsert(
                            idFromKey(record, "a record of plain text"),
                            decode(record.value(), "the value"),
                            "{}",
                            null,
                            record);
        };
    }

    private static Document upsert(
            String id, String text, String fields, Long version, SourceRecord record) {
        return new Document(
                id, Operation.UPSERT, text, fields, version, isReplayed(record), record);
    }

    private static Document delete(String id, Long version, SourceRecord record) {
        return new Document(id, Operation.DELETE, null, null, version, isReplayed(record), record);
    }

    private static boolean isReplayed(SourceRecord record) {
        return hasHeader(record, DeadLetter.HEADER_STAGE);
    }

    private static boolean hasHeader(SourceRecord record, String name) {
        for (String header : record.headerNames()) {
            if (header.equals(name)) {
                return true;
            }
        }
        return false;
    }

    private String idFromKey(SourceRecord record, String what) throws UnreadableRecordException {
        if (record.key() == null || record.key().length == 0) {
            throw new UnreadableRecordException(
                    Reason.ID,
                    what
                            + " needs an id as its key, and the key is "
                            + (record.key() == null ? "missing" : "empty"),
                    null);
        }
        String key = decode(record.key(), "the key, which is the id,");
        return keyFormat.isJson() ? idFromJsonKey(key) : key;
    }

    private String idFromJsonKey(String key) throws UnreadableRecordException {
        JsonNode id;
        try {
            id = KEYS.readTree(key);
        } catch (JsonProcessingException e) {
            throw new UnreadableRecordException(
                    Reason.ID, "the key is not JSON, as key=json expects", null);
        }
        if (id.isObject() && id.size() == 2 && id.has("schema") && id.has("payload")) {
            id = id.get("payload"); // the envelope of Kafka Connect's JsonConverter
        }
        id = id.at(keyFormat.pointer());
        boolean isId = id.isTextual() && !id.textValue().isEmpty() || id.isIntegralNumber();
        if (!isId) {
            String where = keyFormat.pointer().isEmpty() ? "" : " at " + keyFormat.pointer();
            throw new UnreadableRecordException(
                    Reason.ID,
                    "the JSON key has no string or whole number"
                            + where
                            + (id.isObject() && keyFormat.pointer().isEmpty()
                                    ? "; set its position, such as id=key:/id"
                                    : ""),
                    null);
        }
        return id.asText();
    }

    private static String decode(byte[] bytes, String what) throws UnreadableRecordException {
        // invalid UTF-8 becomes U+FFFD here, so only texts that contain it need the strict decoder
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new UnreadableRecordException(
                    Reason.NOT_UTF8, what + " is not valid UTF-8", null);
        }
    }

    private static Document tsv(SourceRecord record) throws UnreadableRecordException {
        String line = decode(record.value(), "the line");
        int tab = line.indexOf('\t');
        if (tab < 0) {
            throw new UnreadableRecordException(
                    Reason.MALFORMED, "the line has no tab between an id and a text", null);
        }
        if (tab == 0) {
            throw new UnreadableRecordException(
                    Reason.ID, "the line has no id before its first tab", null);
        }
        return upsert(line.substring(0, tab), line.substring(tab + 1), "{}", null, record);
    }

    private Document json(SourceRecord record) throws UnreadableRecordException {
        String value = decode(record.value(), "the value");
        if (value.startsWith(BYTE_ORDER_MARK)) {
            value = value.substring(1);
        }
        Map<String, Field> fields;
        try {
            fields = fields(value);
        } catch (JsonProcessingException e) {
            throw notOneObject(problem(e, value));
        } catch (IOException e) {
            throw new UncheckedIOException("a string in memory cannot fail to be read", e);
        }

        boolean beir = !fields.containsKey("id") && fields.containsKey("_id");
        Field idField = fields.remove(beir ? "_id" : "id");
        String id =
                idField != null && !keyFormat.overridesValue()
                        ? id(idField, beir ? "_id" : "id")
                        : idFromKey(record, "a document without \"id\"");
        Long version =
                versionField == null ? null : version(versionField, fields.remove(versionField));
        Operation operation = operation(fields.remove("op"));
        if (operation == Operation.DELETE) {
            return delete(id, version, record);
        }
        Field textField = fields.remove("text");
        if (textField == null || !textField.isString()) {
            throw textField == null
                    ? new UnreadableRecordException(
                            Reason.TEXT, "\"text\" is missing", namesOf(fields))
                    : new UnreadableRecordException(
                            Reason.TEXT,
                            "\"text\" is " + textField.kind() + ", not a string",
                            null);
        }
        String text = textField.string();
        Field title = fields.get("title");
        if (beir && title != null && title.isString() && !title.string().isEmpty()) {
            text = title.string() + " " + text;
        }
        return upsert(id, Utf16.wellFormed(text), toJson(fields), version, record);
    }

    private static UnreadableRecordException notOneObject(String detail) {
        return new UnreadableRecordException(
                Reason.MALFORMED, "the value is not one JSON object", detail);
    }

    /** What is wrong with the JSON, and where. The messages of Jackson mention its own settings. */
    private static String problem(JsonProcessingException e, String value) {
        String message = e.getOriginalMessage();
        JsonLocation location = e.getLocation();
        String at =
                location == null
                        ? ""
                        : " (line "
                                + location.getLineNr()
                                + ", column "
                                + location.getColumnNr()
                                + ")";
        if (e instanceof JsonEOFException || message.contains("end-of-input")) {
            return "it ends too early" + at;
        }
        Matcher duplicate = DUPLICATE.matcher(message);
        if (duplicate.find()) {
            return "the field " + quoted(duplicate.group(1)) + " is duplicated" + at;
        }
        if (e instanceof StreamConstraintsException) {
            return "it is nested too deeply or contains a number that is too long" + at;
        }
        if (location == null || location.getCharOffset() < 0) {
            return "it is malformed" + at;
        }
        return "it is malformed" + at + near(value, location.getCharOffset());
    }

    /** The text before the position at which the record is malformed. */
    private static String near(String value, long offset) {
        int end = (int) Math.min(value.length(), offset);
        String before = value.substring(Math.max(0, end - MAX_CONTEXT), end).strip();
        return before.isEmpty() ? "" : ", after " + quoted(before);
    }

    /** The text as a JSON string, without line breaks and other control characters. */
    private static String quoted(String text) {
        return "\""
                + new String(JsonStringEncoder.getInstance().quoteAsString(Utf16.wellFormed(text)))
                + "\"";
    }

    private static String namesOf(Map<String, Field> fields) {
        return fields.isEmpty()
                ? null
                : "the document has "
                        + fields.keySet().stream()
                                .limit(MAX_NAMES)
                                .map(name -> quoted(abbreviated(name)))
                                .collect(Collectors.joining(", "))
                        + (fields.size() > MAX_NAMES ? ", ..." : "");
    }

    /**
     * The value of a field: its first token, the string or number as it was written, and its JSON,
     * which is null for {@code text}.
     */
    private record Field(JsonToken token, String string, String json) {

        boolean isString() {
            return token == JsonToken.VALUE_STRING;
        }

        String kind() {
            return DocumentParser.kind(token);
        }
    }

    private static String kind(JsonToken token) {
        return switch (token) {
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            case START_ARRAY -> "an array";
            case START_OBJECT -> "an object";
            default -> throw new IllegalStateException("a value cannot start with " + token);
        };
    }

    private Map<String, Field> fields(String value) throws IOException, UnreadableRecordException {
        Map<String, Field> fields = new LinkedHashMap<>();
        try (JsonParser parser = json.createParser(value)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw notOneObject("it is " + (first == null ? "empty" : kind(first)));
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                JsonToken token = parser.nextToken();
                String string = token.isScalarValue() ? parser.getText() : null;
                // the JSON of a text, which may be long, is not needed
                boolean isText = token == JsonToken.VALUE_STRING && name.equals("text");
                fields.put(name, new Field(token, string, isText ? null : compact(parser)));
            }
            if (parser.nextToken() != null) {
                throw notOneObject("it has trailing characters");
            }
        }
        return fields;
    }

    /** The current value without white space, with numbers as they were written. */
    private String compact(JsonParser parser) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = json.createGenerator(text)) {
            int depth = 0;
            do {
                JsonToken token = parser.currentToken();
                switch (token) {
                    case START_OBJECT -> generator.writeStartObject();
                    case END_OBJECT -> generator.writeEndObject();
                    case START_ARRAY -> generator.writeStartArray();
                    case END_ARRAY -> generator.writeEndArray();
                    case FIELD_NAME ->
                            generator.writeFieldName(Utf16.wellFormed(parser.currentName()));
                    case VALUE_STRING -> generator.writeString(Utf16.wellFormed(parser.getText()));
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
                            generator.writeNumber(parser.getText());
                    case VALUE_TRUE -> generator.writeBoolean(true);
                    case VALUE_FALSE -> generator.writeBoolean(false);
                    case VALUE_NULL -> generator.writeNull();
                    default -> throw new IllegalStateException("a value cannot contain " + token);
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            } while (depth > 0 && parser.nextToken() != null);
        }
        return text.toString();
    }

    private static String id(Field field, String name) throws UnreadableRecordException {
        if (field.token() == JsonToken.VALUE_NUMBER_INT) {
            return new BigInteger(field.string()).toString();
        }
        if (!field.isString()) {
            throw new UnreadableRecordException(
                    Reason.ID,
                    "\""
                            + name
                            + "\" is "
                            + (field.token() == JsonToken.VALUE_NUMBER_FLOAT
                                    ? "a number with a fraction or exponent"
                                    : field.kind())
                            + ", not a string or an integer",
                    null);
        }
        if (field.string().isEmpty()) {
            throw new UnreadableRecordException(Reason.ID, "\"" + name + "\" is empty", null);
        }
        if (!Utf16.wellFormed(field.string()).equals(field.string())) {
            throw new UnreadableRecordException(
                    Reason.ID, "\"" + name + "\" contains a lone surrogate", null);
        }
        return field.string();
    }

    private static Long version(String name, Field field) throws UnreadableRecordException {
        if (field == null || field.token() == JsonToken.VALUE_NULL) {
            return null;
        }
        if (field.token() == JsonToken.VALUE_NUMBER_INT) {
            BigInteger version = new BigInteger(field.string());
            if (version.signum() >= 0 && version.compareTo(MAX_VERSION) <= 0) {
                return version.longValue();
            }
        }
        throw new UnreadableRecordException(
                Reason.VERSION,
                "\"" + name + "\" is not an integer from 0 to 2^62 - 2",
                abbreviated(field.json()));
    }

    private static Operation operation(Field field) throws UnreadableRecordException {
        if (field == null) {
            return Operation.UPSERT;
        }
        if (field.isString()) {
            switch (field.string()) {
                case "upsert":
                    return Operation.UPSERT;
                case "delete":
                    return Operation.DELETE;
                default:
                    break;
            }
        }
        throw new UnreadableRecordException(
                Reason.OP,
                "\"op\" is neither \"upsert\" nor \"delete\"",
                abbreviated(field.json()));
    }

    private static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    private static String toJson(Map<String, Field> fields) {
        StringBuilder text = new StringBuilder("{");
        for (Map.Entry<String, Field> field : fields.entrySet()) {
            if (text.length() > 1) {
                text.append(',');
            }
            text.append('"');
            text.append(
                    JsonStringEncoder.getInstance()
                            .quoteAsString(Utf16.wellFormed(field.getKey())));
            text.append("\":").append(field.getValue().json());
        }
        return text.append('}').toString();
    }
}
