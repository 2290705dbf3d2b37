package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;

/** Writes a vector as the value of a Kafka record. For one thread. */
interface ValueWriter extends Serializable {

    /** The value of an upsert. */
    byte[] bytes(VectorRecord record);

    /** Identifies the schema for readers; null if the value itself does. */
    default String schema() {
        return null;
    }

    /** The text of a schema file in the package of this class. */
    static String resource(String name) {
        try (InputStream in = ValueWriter.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ConnectorException("cannot read " + name + " from the connector's jar", e);
        }
    }
}
