package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.contract.Held;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Avro values with their schema in a registry: each is read by the schema that its id names. */
class KafkaAvroContractITCase extends KafkaContractITCase {

    private static RegistryStandIn registry;

    @BeforeAll
    static void startRegistry() throws IOException {
        registry = RegistryStandIn.start();
    }

    @AfterAll
    static void stopRegistry() {
        registry.close();
    }

    @Override
    protected Address fresh(String name) {
        return Address.parse(super.fresh(name) + "&format=avro&registry=" + registry.url());
    }

    @Override
    Held decode(byte[] value) throws IOException {
        int id = ByteBuffer.wrap(value).getInt(1);
        return Decoded.held(Decoded.avro(registry.schema(id).schema(), value, 5));
    }
}
