package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectorUriTest {

    @ParameterizedTest
    @CsvSource({
        "solr://joe:pa55@host:8983/solr/x, solr://******@host:8983/solr/x",
        "kafka://b:9092/t?registry=http://joe:pa55@r:8081, kafka://b:9092/t?registry=http://******@r:8081",
        "x:y?password=pa55&text=true, x:y?password=******&text=true",
        "x:y?sasl.jaas.config=pa55, x:y?sasl.jaas.config=******",
        "kafka://a:9092/t?text=a@b, kafka://a:9092/t?text=a@b",
    })
    void masksPasswords(String uri, String shown) {
        assertThat(ConnectorUri.parse(uri)).hasToString(shown);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "//joe:pa55@host/x",
                "kafka://b/t?registry=http://joe:pa55@r&text",
                "kafka://b/t?registry=http://joe:pa55@r/%zz",
                "kafka://b/t?registry=http://joe:pa55@r&registry=http://joe:pa55@r",
            })
    void errorsMaskPasswords(String uri) {
        assertThatThrownBy(() -> ConnectorUri.parse(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("******@")
                .message()
                .doesNotContain("pa55");
    }
}
