package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import io.github.flinksplade.vector.Utf16;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads the parts of one document as a mapping configures them. */
final class DocumentFields {

    private static final BigInteger MAX_VERSION = BigInteger.valueOf(VectorRecord.MAX_VERSION);

    /** Max number of field names in a message. */
    private static final int MAX_NAMES = 8;

    /** Max number of characters of a value in a message. */
    private static final int MAX_SHOWN = 40;

    private static final FieldPath ID = FieldPath.parse("id");
    private static final FieldPath BEIR_ID = FieldPath.parse("_id");
    private static final FieldPath TEXT = FieldPath.parse("text");
    private static final FieldPath BEIR_TITLE = FieldPath.parse("title");

    /** Strings that mean false in exports of databases. */
    private static final Pattern NOT_DELETED =
            Pattern.compile("|false|f|no|n|off|0|null", Pattern.CASE_INSENSITIVE);

    private final DocumentMapping mapping;
    private final DecodedRecord record;
    private final JsonObject document;

    DocumentFields(DocumentMapping mapping, DecodedRecord record) {
        this.mapping = mapping;
        this.record = record;
        this.document = record.fields();
    }

    MappedDocument document() throws InvalidRecordException {
        String id = id();
        if (record.document() == null) {
            return new MappedDocument(id, Operation.DELETE, null, null, null);
        }
        Long version = version();
        if (operation() == Operation.DELETE || isMarkedDeleted()) {
            return new MappedDocument(id, Operation.DELETE, null, null, version);
        }
        String text = text();
        JsonObject fields = mapping.fields().select(document, this::isUsed);
        return new MappedDocument(
                id, Operation.UPSERT, Utf16.wellFormed(text), fields.toJson(), version);
    }

    /** Whether the document uses a field, so that {@code fields=*} does not store it again. */
    private boolean isUsed(String name) {
        boolean isText =
                mapping.text().isEmpty() && mapping.template() == null && TEXT.isField(name)
                        || mapping.text().stream().anyMatch(path -> path.isField(name));
        return isText
                || !mapping.id().isInKey() && idPath().isField(name)
                || isField(versionPath(), name)
                || isField(operationPath(), name)
                || isField(mapping.deleted(), name);
    }

    private static boolean isField(FieldPath path, String name) {
        return path != null && path.isField(name);
    }

    /** The field of an id that is in the value. */
    private FieldPath idPath() {
        return mapping.id().path() != null ? mapping.id().path() : isBeir() ? BEIR_ID : ID;
    }

    private boolean isBeir() {
        return mapping.id().path() == null
                && !mapping.id().isInKey()
                && document.get("id") == null
                && document.get("_id") != null;
    }

    /** The value at a path; null if it is missing, or empty in a format without types. */
    private JsonValue value(FieldPath path) {
        JsonValue value = path.get(document);
        boolean isEmptyCell =
                !record.isTyped() && value instanceof JsonString string && string.value().isEmpty();
        return isEmptyCell ? null : value;
    }

    // ---- id

    String id() throws InvalidRecordException {
        DocumentMapping.Id id = mapping.id();
        if (id.isInKey()) {
            return idFromKey(id.path(), "a record with the id in its key");
        }
        FieldPath path = idPath();
        JsonValue value = value(path);
        if (value != null) {
            return id(value, path.text());
        }
        if (record.document() == null) {
            return idFromKey(id.path(), "the record has no value and");
        }
        if (id.path() != null && record.envelope() == null) {
            throw new InvalidRecordException(
                    Reason.ID, "\"" + path.text() + "\", the id, is missing", names(""));
        }
        return idFromKey(id.path(), "a document without \"" + path.text() + "\"");
    }

    private static String id(JsonValue value, String name) throws InvalidRecordException {
        if (value instanceof JsonNumber number && number.isInteger()) {
            return number.integer().toString();
        }
        if (!(value instanceof JsonString string)) {
            throw new InvalidRecordException(
                    Reason.ID,
                    "\""
                            + name
                            + "\" is "
                            + (value instanceof JsonNumber
                                    ? "a number with a fraction or exponent"
                                    : value.kind())
                            + ", not a string or an integer",
                    null);
        }
        if (string.value().isEmpty()) {
            throw new InvalidRecordException(Reason.ID, "\"" + name + "\" is empty", null);
        }
        if (!Utf16.wellFormed(string.value()).equals(string.value())) {
            throw new InvalidRecordException(
                    Reason.ID, "\"" + name + "\" contains a lone surrogate", null);
        }
        return string.value();
    }

    /**
     * @param path the field of the key; null for the whole key, or the only field of an object
     */
    private String idFromKey(FieldPath path, String what) throws InvalidRecordException {
        JsonValue key = record.key().decode();
        boolean isEmpty = key instanceof JsonString string && string.value().isEmpty();
        if (key == null || isEmpty) {
            throw new InvalidRecordException(
                    Reason.ID,
                    what
                            + " needs an id as its key, and the key is "
                            + (key == null ? "missing" : "empty"),
                    null);
        }
        if (mapping.id().isInKey() && path != null && key instanceof JsonString text) {
            key = json(text.value());
        }
        key = withoutSchema(key);
        if (key instanceof JsonObject object) {
            JsonValue field = path == null ? null : path.get(object);
            if (field == null && !mapping.id().isInKey()) {
                field = object.get("id") != null ? object.get("id") : onlyMember(object);
            }
            key = field;
        }
        if (key instanceof JsonString string && !string.value().isEmpty()) {
            return id(string, "key");
        }
        if (key instanceof JsonNumber number && number.isInteger()) {
            return number.integer().toString();
        }
        throw new InvalidRecordException(
                Reason.ID,
                "the key has no string or integer"
                        + (path == null
                                ? "; write the position of the id, such as id=key:/id"
                                : " at " + path.text()),
                null);
    }

    private static JsonValue json(String text) throws InvalidRecordException {
        try {
            return JsonReader.parse(text);
        } catch (JsonSyntaxException e) {
            throw new InvalidRecordException(
                    Reason.ID, "the key is not JSON, as id=key:FIELD requires", null);
        }
    }

    /** The value in the envelope of Kafka Connect's JsonConverter. */
    private static JsonValue withoutSchema(JsonValue key) {
        return key instanceof JsonObject object
                        && object.members().keySet().equals(Set.of("schema", "payload"))
                ? object.get("payload")
                : key;
    }

    private static JsonValue onlyMember(JsonObject object) {
        return object.members().size() == 1 ? object.members().values().iterator().next() : null;
    }

    // ---- version and operation

    /** A change event is newer than the one before it, whatever a field named version contains. */
    private FieldPath versionPath() {
        return record.envelope() != null && mapping.versionIsDefault() ? null : mapping.version();
    }

    private FieldPath operationPath() {
        return record.envelope() != null && mapping.opIsDefault() ? null : mapping.op();
    }

    private Long version() throws InvalidRecordException {
        FieldPath path = versionPath();
        JsonValue value = path == null ? null : value(path);
        if (value == null && path != null && record.envelope() != null) {
            value = path.get(record.envelope());
        }
        if (value == null || value == JsonLiteral.NULL) {
            return null;
        }
        BigInteger version = null;
        if (value instanceof JsonNumber number && number.isInteger()) {
            version = number.integer();
        } else if (!record.isTyped()
                && value instanceof JsonString string
                && string.value().strip().matches("\\d{1,19}")) {
            version = new BigInteger(string.value().strip());
        }
        if (version != null && version.signum() >= 0 && version.compareTo(MAX_VERSION) <= 0) {
            return version.longValue();
        }
        throw new InvalidRecordException(
                Reason.VERSION,
                "\"" + path.text() + "\" is not an integer from 0 to 2^62 - 2",
                shown(value));
    }

    private Operation operation() throws InvalidRecordException {
        if (record.operation() != null) {
            return record.operation();
        }
        FieldPath path = operationPath();
        JsonValue value = path == null ? null : value(path);
        if (value == null) {
            return Operation.UPSERT;
        }
        if (value instanceof JsonString string) {
            switch (string.value()) {
                case "upsert":
                    return Operation.UPSERT;
                case "delete":
                    return Operation.DELETE;
                default:
                    break;
            }
            if (!mapping.opIsDefault()) {
                switch (string.value().toLowerCase(Locale.ROOT)) {
                    case "c", "r", "u", "create", "read", "insert", "update":
                        return Operation.UPSERT;
                    case "d":
                        return Operation.DELETE;
                    default:
                        break;
                }
            }
        }
        throw new InvalidRecordException(
                Reason.OP,
                "\"" + path.text() + "\" is neither \"upsert\" nor \"delete\"",
                shown(value));
    }

    private boolean isMarkedDeleted() throws InvalidRecordException {
        JsonValue value = mapping.deleted() == null ? null : value(mapping.deleted());
        if (value == null || value instanceof JsonLiteral) {
            return value == JsonLiteral.TRUE;
        }
        if (value instanceof JsonNumber number) {
            return number.digits().split("[eE]")[0].matches(".*[1-9].*");
        }
        if (value instanceof JsonString string) {
            return !NOT_DELETED.matcher(string.value().strip()).matches();
        }
        throw new InvalidRecordException(
                Reason.OP,
                "\""
                        + mapping.deleted().text()
                        + "\" is "
                        + value.kind()
                        + ", and not a boolean, a number or a time",
                null);
    }

    // ---- text

    private String text() throws InvalidRecordException {
        if (mapping.template() != null) {
            String text = mapping.template().text(document);
            if (text == null) {
                throw missing(
                        mapping.template().fields().stream()
                                .map(FieldPath::text)
                                .distinct()
                                .toList());
            }
            return text;
        }
        return mapping.text().isEmpty() ? defaultText() : joinedText();
    }

    private String defaultText() throws InvalidRecordException {
        JsonValue value = value(TEXT);
        if (value == null) {
            throw missing(List.of(TEXT.text()));
        }
        String text = value instanceof JsonNumber ? null : Texts.of(value, "\n");
        if (text == null || value instanceof JsonLiteral) {
            throw new InvalidRecordException(
                    Reason.TEXT, "\"text\" is " + value.kind() + ", not a string", null);
        }
        if (isBeir() && value(BEIR_TITLE) instanceof JsonString title && !title.value().isEmpty()) {
            return title.value() + " " + text;
        }
        return text;
    }

    private String joinedText() throws InvalidRecordException {
        StringBuilder text = new StringBuilder();
        boolean hasAny = false;
        for (FieldPath path : mapping.text()) {
            JsonValue value = value(path);
            if (value == null || value == JsonLiteral.NULL) {
                continue;
            }
            String part = Texts.of(value, "\n");
            if (part == null) {
                throw new InvalidRecordException(
                        Reason.TEXT,
                        "\"" + path.text() + "\" is " + value.kind() + ", not a string",
                        null);
            }
            hasAny = true;
            Texts.append(text, "\n", part);
        }
        if (!hasAny) {
            throw missing(mapping.text().stream().map(FieldPath::text).toList());
        }
        return text.toString();
    }

    private InvalidRecordException missing(List<String> wanted) {
        List<String> quoted = wanted.stream().map(name -> "\"" + name + "\"").toList();
        return new InvalidRecordException(
                Reason.TEXT,
                quoted.size() == 1
                        ? quoted.get(0) + " is missing"
                        : String.join(", ", quoted) + " are all missing",
                names(textCandidates()));
    }

    /** The fields that could be the text. */
    private String textCandidates() {
        return document.members().entrySet().stream()
                .filter(
                        field ->
                                field.getValue() instanceof JsonString string
                                        && string.value().indexOf(' ') > 0)
                .map(Map.Entry::getKey)
                .filter(name -> name.matches("[^,/\\s\"]{1,40}"))
                .limit(3)
                .collect(Collectors.joining(","));
    }

    /** The fields that the document has, and a suggestion. */
    private String names(String candidates) {
        if (document.members().isEmpty()) {
            return null;
        }
        boolean hasMore = document.members().size() > MAX_NAMES;
        return "the document has "
                + document.members().keySet().stream()
                        .limit(MAX_NAMES)
                        .map(name -> new JsonString(abbreviated(name)).toJson())
                        .collect(Collectors.joining(", "))
                + (hasMore ? ", ..." : "")
                + (candidates.isEmpty() ? "" : "; for instance, text=" + candidates);
    }

    private static String shown(JsonValue value) {
        return abbreviated(value.toJson());
    }

    private static String abbreviated(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "...";
    }
}
