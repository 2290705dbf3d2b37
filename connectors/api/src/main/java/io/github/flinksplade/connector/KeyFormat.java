package io.github.flinksplade.connector;

import java.io.Serializable;

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

    private static final String KEY = "key";
    private static final String ID = "id";

    /** The names of the options that {@link #of} reads. */
    public static final String[] OPTIONS = {KEY, ID};

    /**
     * Reads the options {@code key} ({@code string}, the default, or {@code json}) and {@code id}
     * ({@code key}, or {@code key:} and a JSON pointer).
     *
     * @throws ConnectorException when they are neither, or contradict each other
     */
    public static KeyFormat of(ConnectorUri uri) {
        String format = uri.option(KEY);
        String id = uri.option(ID);
        if (format != null && !format.equals("string") && !format.equals("json")) {
            throw new ConnectorException(
                    "key=" + format + " in " + uri + ": write key=string or key=json");
        }
        boolean hasPointer = id != null && id.startsWith("key:");
        if (id != null && !id.equals(KEY) && !hasPointer) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + ": write id=key for the whole key of the record, or id=key: and a"
                            + " JSON pointer, such as id=key:/id");
        }
        String pointer = hasPointer ? id.substring("key:".length()) : "";
        if (!pointer.isEmpty() && !pointer.startsWith("/")) {
            throw new ConnectorException(
                    "'"
                            + pointer
                            + "' in "
                            + uri
                            + " is not a JSON pointer: it starts with a slash, as in id=key:/id");
        }
        if (!pointer.isEmpty() && "string".equals(format)) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " points into the key, which key=string takes as a whole: write"
                            + " key=json");
        }
        return new KeyFormat("json".equals(format) || !pointer.isEmpty(), pointer, id != null);
    }
}
