package io.github.flinksplade.connector;

import io.github.flinksplade.connector.json.JsonValue;
import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Converts the key or the value of a record to JSON. Used by one thread at a time; what cannot be
 * serialized is created at the first record.
 */
@PublicEvolving
public interface RecordDecoder extends Serializable, AutoCloseable {

    /**
     * Decodes a key or a value.
     *
     * @param bytes the key or the value; never null
     * @param record the record that contains it, whose headers may say more about it
     * @throws InvalidRecordException if the bytes do not have this format; the record becomes a
     *     dead letter
     * @throws UnreachableException if a server that is needed for it is unavailable; the record is
     *     decoded again later
     */
    JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException;

    @Override
    default void close() {}
}
