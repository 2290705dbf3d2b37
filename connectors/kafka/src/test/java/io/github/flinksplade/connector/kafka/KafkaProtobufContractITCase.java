package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;

/** The contract with Protobuf values, at least once, without a registry. */
class KafkaProtobufContractITCase extends KafkaContractITCase {

    @Override
    public ConnectorUri fresh(String name) {
        return topic("protobuf-" + name, "format=protobuf&delivery=at-least-once");
    }

    @Override
    StoredDocument decode(byte[] value) throws IOException {
        return ValueDecoder.storedDocument(ValueDecoder.protobuf(ProtobufWriter.SCHEMA, value, 0));
    }
}
