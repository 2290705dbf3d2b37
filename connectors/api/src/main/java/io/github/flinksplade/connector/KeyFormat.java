package io.github.flinksplade.connector;

import java.io.Serializable;
import java.util.List;

/**
 * How a document's id is read from the key of its record. A tombstone has no other place for it.
 *
 * @param isJson whether the key is JSON, as Debezium and the JsonConverter of Kafka Connect write
 *     it, with or without their envelope of {@code schema} and {@code payload}; else it is the id
 * @param pointer JSON pointer to the id in a key that is JSON, such as {@code /id}; empty for the
 *     whole key, a string or a whole number
 * @param wins whether the key has the id of every record; else only of those whose value has none
 */
public record KeyFormat(boolean isJson, String pointer, boolean wins) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The key is the id, in UTF-8, of records whose value has none. */
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
                            + ": write id=key for the whole key of the record, or id=key: and a"
                            + " JSON pointer, such as id=key:/id");
        }
        String pointer = hasPointer ? id.substring(POINTER_PREFIX.length()) : "";
        if (!pointer.isEmpty() && !pointer.startsWith("/")) {
            throw new ConnectorException(
                    "'"
                            + pointer
                            + "' in "
                            + uri
                            + " is not a JSON pointer: it starts with a slash, as in id=key:/id");
        }
        if (!pointer.isEmpty() && encoding == Encoding.STRING) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " points into the key, which key=string takes as a whole: write"
                            + " key=json");
        }
        return new KeyFormat(encoding == Encoding.JSON || !pointer.isEmpty(), pointer, id != null);
    }
}
