package io.github.flinksplade.connector;

import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.annotation.PublicEvolving;

/** Decoders of text in UTF-8, which is validated. */
@PublicEvolving
public enum TextDecoder implements RecordDecoder {
    /** The text is a string. */
    STRING {
        @Override
        JsonValue decode(String text, boolean isKey) {
            return new JsonString(text);
        }
    },
    /** The text is one JSON value. */
    JSON {
        @Override
        JsonValue decode(String text, boolean isKey) throws InvalidRecordException {
            try {
                return JsonReader.parse(
                        text.startsWith(BYTE_ORDER_MARK)
                                ? text.substring(BYTE_ORDER_MARK.length())
                                : text);
            } catch (JsonSyntaxException e) {
                throw isKey
                        ? new InvalidRecordException(
                                Reason.ID, "the key is not JSON, as key=json expects", null)
                        : new InvalidRecordException(
                                Reason.MALFORMED,
                                "the value is not one JSON object",
                                e.getMessage());
            }
        }
    },
    /** The text is the field {@code text}. */
    DOCUMENT {
        @Override
        JsonValue decode(String text, boolean isKey) {
            return new JsonObject(Map.of("text", new JsonString(text)));
        }
    },
    /** The fields {@code id} and {@code text}, with a tab between them. */
    TSV {
        @Override
        JsonValue decode(String text, boolean isKey) throws InvalidRecordException {
            int tab = text.indexOf('\t');
            if (tab < 0) {
                throw new InvalidRecordException(
                        Reason.MALFORMED, "the line has no tab between an id and a text", null);
            }
            if (tab == 0) {
                throw new InvalidRecordException(
                        Reason.ID, "the line has no id before its first tab", null);
            }
            Map<String, JsonValue> fields = new LinkedHashMap<>();
            fields.put("id", new JsonString(text.substring(0, tab)));
            fields.put("text", new JsonString(text.substring(tab + 1)));
            return new JsonObject(fields);
        }
    };

    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final char REPLACEMENT = '\uFFFD';

    abstract JsonValue decode(String text, boolean isKey) throws InvalidRecordException;

    @Override
    public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
        boolean isKey = bytes == record.key();
        return decode(utf8(bytes, isKey ? "the key" : "the value"), isKey);
    }

    /**
     * Decodes UTF-8.
     *
     * @param what the bytes, for the message: {@code the value}
     * @throws InvalidRecordException if it is not valid
     */
    public static String utf8(byte[] bytes, String what) throws InvalidRecordException {
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
            throw new InvalidRecordException(Reason.NOT_UTF8, what + " is not valid UTF-8", null);
        }
    }
}
