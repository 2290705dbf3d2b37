package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.Held;
import io.github.flinksplade.connector.contract.SinkContract;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The contract with JSON values, exactly once. The topic is read with {@code
 * isolation.level=read_committed}; the last record of a key is the document, a null value deletes
 * it. {@code -Dflinksplade.kafka.url=host:9092} selects a running broker; its topics start with
 * {@code contract-} and are not deleted.
 */
class KafkaContractITCase extends SinkContract {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Distinguishes the topics of this run. */
    private static final String RUN = Long.toString(System.currentTimeMillis(), 36);

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    static KafkaBroker broker;

    @BeforeAll
    static void useBroker() {
        String url = System.getProperty("flinksplade.kafka.url");
        broker = url == null ? KAFKA.broker() : KafkaBroker.at(url);
    }

    @Override
    protected ConnectorUri fresh(String name) {
        return topic(name, "transactional-id-prefix=contract-" + RUN + "-" + name);
    }

    /** A topic of this run whose vectors contain the text. */
    static ConnectorUri topic(String name, String options) {
        return ConnectorUri.parse(
                "kafka://"
                        + broker.bootstrapServers()
                        + "/contract-"
                        + RUN
                        + "-"
                        + name
                        + "?text=true&"
                        + options);
    }

    @Override
    protected Map<String, Held> held(ConnectorUri uri) throws IOException {
        Map<String, Held> held = new TreeMap<>();
        String topic = uri.location().substring(uri.location().lastIndexOf('/') + 1);
        broker.awaitCommits(topic);
        for (ConsumerRecord<byte[], byte[]> record : broker.readCommitted(topic)) {
            String id = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                held.remove(id);
            } else {
                held.put(id, decode(record.value()));
            }
        }
        return held;
    }

    /** Decodes a value without the connector. */
    Held decode(byte[] value) throws IOException {
        return Held.ofIndices(JSON.readTree(value));
    }

    @Override
    protected boolean guardsVersions() {
        return false;
    }

    @Override
    protected boolean remembersDeletes() {
        return false;
    }

    @Override
    protected boolean searchable() {
        return false;
    }
}
