package io.github.flinksplade.connector.kafka;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
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
    public ConnectorUri fresh(String name) {
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
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws IOException {
        Map<String, StoredDocument> held = new TreeMap<>();
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

    /** A value, read without the connector. */
    StoredDocument decode(byte[] value) throws IOException {
        return StoredDocument.ofIndices(JSON.readTree(value));
    }

    @Override
    public boolean comparesVersions() {
        return false;
    }

    @Override
    public boolean remembersDeletes() {
        return false;
    }

    @Override
    public boolean isSearchable() {
        return false;
    }
}
