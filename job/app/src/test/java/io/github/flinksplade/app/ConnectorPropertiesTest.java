package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every connector rejects unknown properties of the job file. */
class ConnectorPropertiesTest {

    @ParameterizedTest
    @CsvSource({
        "elasticsearch, //h/idx",
        "file, vectors.jsonl",
        "lucene, idx",
        "opensearch, //h/idx",
        "pinecone, idx",
        "qdrant, //h/c",
        "solr, //h/solr/c"
    })
    void rejectsUnknownProperties(String scheme, String place) {
        ConnectorUri uri =
                ConnectorUri.parse(scheme + ":" + place).withProperties(Map.of("usrname", "hush"));
        Connector connector = Connectors.of(uri);
        assertThatThrownBy(() -> connector.sink(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("unknown property 'usrname' in " + scheme + ".properties")
                .hasMessageNotContaining("hush");
    }

    /** Kafka's clients and their plug-ins define their own properties. */
    @Test
    void testsEveryConnectorExceptKafka() {
        assertThat(Connectors.all())
                .containsOnlyKeys(
                        "abfs", // sources only, as the other file systems
                        "abfss",
                        "elasticsearch",
                        "example", // not shipped
                        "failing", // for tests
                        "file",
                        "gs",
                        "hdfs",
                        "kafka",
                        "lucene",
                        "opensearch",
                        "pinecone",
                        "qdrant",
                        "s3",
                        "s3a",
                        "solr",
                        "stdin"); // a source only
    }
}
