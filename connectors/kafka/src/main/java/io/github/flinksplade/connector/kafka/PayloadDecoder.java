package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.json.JsonValue;
import java.io.IOException;

/** Decodes payloads of one schema. For one thread. */
interface PayloadDecoder {

    /**
     * Decodes a payload.
     *
     * @param from where it starts; it ends at the end of the array
     * @throws IOException if it does not have the schema, with the reason as a clause
     * @throws InvalidRecordException if it is invalid for another reason
     */
    JsonValue decode(byte[] bytes, int from) throws IOException, InvalidRecordException;
}
