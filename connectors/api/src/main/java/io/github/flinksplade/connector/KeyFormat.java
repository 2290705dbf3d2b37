package io.github.flinksplade.connector;

import java.io.Serializable;
import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/**
 * How the id of a document is read from the key of its record. A tombstone has no id elsewhere.
 *
 * @param isJson whether the key is JSON, as Debezium and the JsonConverter of Kafka Connect write
 *     it, with or without their envelope of {@code schema} and {@code payload}; if not, it is the
 *     id
 * @param pointer JSON pointer to the id in a JSON key, such as {@code /id}; empty if the whole key,
 *     a string or a whole number, is the id
 * @param overridesValue whether the id of every record is its key; if not, only of those whose
 *     value has no id
 */
@PublicEvolving
public record KeyFormat(boolean isJson, String pointer, boolean overridesValue)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The key, in UTF-8, is the id of records whose value has no id. */
    public static final KeyFormat STRING = new KeyFormat(false, "", false);

    private enum Encoding {
        STRING,
        JSON
    }

    private static final String WHOLE_KEY = "key";
    private static final String POINTER_PREFIX = "key:";

    private static final ConnectorOption<Encoding> KEY =
            ConnectorOption.choice(
                            "key",
                            Encoding.class,
                            null,
                            "encoding of the key: with `string` the key is the id; with `json` it"
                                    + " is JSON, as Debezium and Kafka Connect write it, with or"
                                    + " without their envelope of `schema` and `payload`")
                    .withDefaultText("string");
    private static final ConnectorOption<String> ID =
            ConnectorOption.text(
                            "id",
                            "key, key:/POINTER",
                            null,
                            "where the id is: `key` is the whole key, even if the value has an id;"
                                    + " `key:/POINTER` is a JSON pointer into a JSON key, such as"
                                    + " `id=key:/id`")
                    .withDefaultText("the value's `id`, else the key");

    /** The options that {@link #of} reads: {@code key} and {@code id}. */
    public static final List<ConnectorOption<?>> OPTIONS = List.of(KEY, ID);

    /**
     * Reads the {@link #OPTIONS}.
     *
     * @throws ConnectorException if one is invalid, or they contradict each other
     */
    public static KeyFormat of(ConnectorUri uri) {
        Encoding encoding = KEY.get(uri);
        String id = ID.get(uri);
        boolean hasPointer = id != null && id.startsWith(POINTER_PREFIX);
        if (id != null && !id.equals(WHOLE_KEY) && !hasPointer) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " is not supported. Write id=key for the whole key of the record, or id=key: and a"
                            + " JSON pointer, such as id=key:/id");
        }
        String pointer = hasPointer ? id.substring(POINTER_PREFIX.length()) : "";
        if (!pointer.isEmpty() && !pointer.startsWith("/")) {
            throw new ConnectorException(
                    "'"
                            + pointer
                            + "' in "
                            + uri
                            + " is not a JSON pointer. Start it with a slash, as in id=key:/id");
        }
        if (!pointer.isEmpty() && encoding == Encoding.STRING) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " is a part of the key, but key=string uses the key as a whole. Write"
                            + " key=json");
        }
        return new KeyFormat(encoding == Encoding.JSON || !pointer.isEmpty(), pointer, id != null);
    }
}
