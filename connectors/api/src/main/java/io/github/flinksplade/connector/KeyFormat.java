package io.github.flinksplade.connector;

import java.io.Serializable;
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

    private static final String KEY = "key";
    private static final String ID = "id";

    /** The names of the options that {@link #of} reads. */
    public static final String[] OPTIONS = {KEY, ID};

    /**
     * Reads the options {@code key} ({@code string}, the default, or {@code json}) and {@code id}
     * ({@code key}, or {@code key:} and a JSON pointer).
     *
     * @throws ConnectorException if they are invalid, or contradict each other
     */
    public static KeyFormat of(ConnectorUri uri) {
        String format = uri.option(KEY);
        String id = uri.option(ID);
        if (format != null && !format.equals("string") && !format.equals("json")) {
            throw new ConnectorException(
                    "key="
                            + format
                            + " in "
                            + uri
                            + " is not supported. Write key=string or key=json");
        }
        boolean hasPointer = id != null && id.startsWith("key:");
        if (id != null && !id.equals(KEY) && !hasPointer) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " is not supported. Write id=key for the whole key of the record, or id=key: and a"
                            + " JSON pointer, such as id=key:/id");
        }
        String pointer = hasPointer ? id.substring("key:".length()) : "";
        if (!pointer.isEmpty() && !pointer.startsWith("/")) {
            throw new ConnectorException(
                    "'"
                            + pointer
                            + "' in "
                            + uri
                            + " is not a JSON pointer. Start it with a slash, as in id=key:/id");
        }
        if (!pointer.isEmpty() && "string".equals(format)) {
            throw new ConnectorException(
                    "id="
                            + id
                            + " in "
                            + uri
                            + " is a part of the key, but key=string uses the key as a whole. Write"
                            + " key=json");
        }
        return new KeyFormat("json".equals(format) || !pointer.isEmpty(), pointer, id != null);
    }
}
