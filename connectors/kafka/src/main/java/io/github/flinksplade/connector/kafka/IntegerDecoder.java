package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import java.math.BigInteger;

/**
 * Decodes big-endian integers in two's complement.
 *
 * @param bytes the size of an integer
 */
record IntegerDecoder(int bytes) implements RecordDecoder {

    private static final long serialVersionUID = 1L;

    @Override
    public JsonValue decode(byte[] key, SourceRecord record) throws InvalidRecordException {
        if (key.length != bytes) {
            throw new InvalidRecordException(
                    Reason.ID,
                    "the key is not an integer of " + bytes + " bytes, as the option key requires",
                    "it has " + key.length + " bytes");
        }
        return new JsonNumber(new BigInteger(key).toString());
    }
}
