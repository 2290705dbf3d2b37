package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * The contract with Avro values, at least once, and a schema registry: each value is read with the
 * schema that its id names. {@code -Dflinksplade.registry.url=http://host:8081} selects a running
 * registry.
 */
class KafkaAvroContractITCase extends KafkaContractITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<Integer, String> SCHEMAS = new HashMap<>();

    private static FakeSchemaRegistry fakeRegistry;
    private static String registry;

    @BeforeAll
    static void startRegistry() throws IOException {
        registry = System.getProperty("flinksplade.registry.url");
        if (registry == null) {
            fakeRegistry = FakeSchemaRegistry.start();
            registry = fakeRegistry.url();
        }
    }

    @AfterAll
    static void stopRegistry() {
        if (fakeRegistry != null) {
            fakeRegistry.close();
        }
    }

    @Override
    public ConnectorUri fresh(String name) {
        return topic("avro-" + name, "format=avro&delivery=at-least-once&registry=" + registry);
    }

    @Override
    StoredDocument decode(byte[] value) throws IOException {
        int id = ByteBuffer.wrap(value).getInt(1);
        String schema = SCHEMAS.get(id);
        if (schema == null) {
            URL url = new URL(registry + "/schemas/ids/" + id);
            schema = JSON.readTree(url).get("schema").textValue();
            SCHEMAS.put(id, schema);
        }
        return ValueDecoder.storedDocument(ValueDecoder.avro(schema, value, 5));
    }
}
