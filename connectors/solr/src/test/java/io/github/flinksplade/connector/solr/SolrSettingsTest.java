package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SolrSettingsTest {

    private static SolrSettings place(String uri) {
        return SolrSettings.of(ConnectorUri.parse(uri));
    }

    @Test
    void serverAndCollection() {
        SolrSettings plain = place("solr://h/solr/c");
        assertThat(plain.server()).isEqualTo("http://h:8983/solr");
        assertThat(plain.collection()).isEqualTo("c");
        SolrSettings tls = place("solr://[::1]:80/a/b/my-c.1/?tls=true");
        assertThat(tls.server()).isEqualTo("https://[::1]:80/a/b");
        assertThat(tls.collection()).isEqualTo("my-c.1");
    }

    @Test
    void whatIsNoneIsRefused() {
        for (String uri :
                new String[] {
                    "solr:c", "solr://h", "solr://h/c", "solr:///solr/c", "solr://h /s/c"
                }) {
            assertThatThrownBy(() -> place(uri))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("write solr://HOST:8983/solr/COLLECTION");
        }
        assertThatThrownBy(() -> place("solr://h/solr/-c"))
                .hasMessageContaining("is no name of a collection");
        assertThatThrownBy(
                        () -> new SolrConnector().sink(ConnectorUri.parse("solr://h/solr/c?txt=1")))
                .hasMessageContaining("did you mean 'text'");
    }

    @Test
    void secretsStayOutOfAddressesAndMessages() {
        assertThatThrownBy(() -> place("solr://me:secret@h/solr/c"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("solr.properties")
                .hasMessageNotContaining("secret");
        ConnectorUri uri = ConnectorUri.parse("solr://h/solr/c");
        SolrSettings place =
                SolrSettings.of(uri.withProperties(Map.of("username", "me", "password", "secret")));
        assertThat(place.connection().authorization()).isEqualTo("Basic bWU6c2VjcmV0");
        assertThat(place.toString()).doesNotContain("bWU6c2VjcmV0");
    }

    @Test
    void propertiesAreThoseOfAllConnectors() {
        ConnectorUri uri = ConnectorUri.parse("solr://h/solr/c");
        assertThatThrownBy(() -> SolrSettings.of(uri.withProperties(Map.of("password", "x"))))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("incomplete")
                .hasMessageContaining("SOLR_USERNAME");
        assertThatThrownBy(() -> SolrSettings.of(uri.withProperties(Map.of("user", "x"))))
                .hasMessageContaining("unknown property 'user' in solr.properties")
                .hasMessageContaining("username");
    }

    @Test
    void durationsNeedAUnit() {
        assertThatThrownBy(
                        () ->
                                new SolrConnector()
                                        .sink(
                                                ConnectorUri.parse(
                                                        "solr://h/solr/c?commit-within=5")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'5' is not a duration");
    }
}
