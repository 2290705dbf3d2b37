package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.io.IOException;

/** Plain Protobuf values. */
class KafkaProtobufContractITCase extends KafkaContractITCase {

    @Override
    public ConnectorUri fresh(String name) {
        return topic("protobuf-" + name, "format=protobuf&delivery=at-least-once");
    }

    @Override
    StoredDocument decode(byte[] value) throws IOException {
        return ValueDecoder.held(ValueDecoder.protobuf(ProtobufWriter.SCHEMA, value, 0));
    }
}
