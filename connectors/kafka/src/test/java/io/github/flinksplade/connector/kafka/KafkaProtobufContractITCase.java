package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.Held;
import java.io.IOException;

/** The contract with Protobuf values, at least once, without a registry. */
class KafkaProtobufContractITCase extends KafkaContractITCase {

    @Override
    protected ConnectorUri fresh(String name) {
        return topic("protobuf-" + name, "format=protobuf&delivery=at-least-once");
    }

    @Override
    Held decode(byte[] value) throws IOException {
        return ValueDecoder.held(ValueDecoder.protobuf(ProtobufWriter.SCHEMA, value, 0));
    }
}
