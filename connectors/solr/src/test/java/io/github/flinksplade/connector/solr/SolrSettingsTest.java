package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SolrSettingsTest {

    private static SolrSettings settings(String uri) {
        return SolrSettings.of(ConnectorUri.parse(uri));
    }

    @Test
    void parsesServerAndCollection() {
        SolrSettings plain = settings("solr://h/solr/c");
        assertThat(plain.server).isEqualTo("http://h:8983/solr");
        assertThat(plain.collection).isEqualTo("c");
        SolrSettings tls = settings("solr://[::1]:80/a/b/my-c.1/?tls=true");
        assertThat(tls.server).isEqualTo("https://[::1]:80/a/b");
        assertThat(tls.collection).isEqualTo("my-c.1");
    }

    @Test
    void rejectsInvalidUris() {
        for (String uri :
                new String[] {
                    "solr:c", "solr://h", "solr://h/c", "solr:///solr/c", "solr://h /s/c"
                }) {
            assertThatThrownBy(() -> settings(uri))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("Write solr://HOST:8983/solr/COLLECTION");
        }
        assertThatThrownBy(() -> settings("solr://h/solr/-c"))
                .hasMessageContaining("is not the name of a collection");
        assertThatThrownBy(
                        () -> new SolrConnector().sink(ConnectorUri.parse("solr://h/solr/c?txt=1")))
                .hasMessageContaining("did you mean 'text'");
    }

    @Test
    void rejectsSecretsInUrisAndNeverPrintsThem() {
        assertThatThrownBy(() -> settings("solr://me:secret@h/solr/c"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("solr.properties")
                .hasMessageNotContaining("secret");
        ConnectorUri uri = ConnectorUri.parse("solr://h/solr/c");
        SolrSettings settings =
                SolrSettings.of(uri.withProperties(Map.of("username", "me", "password", "secret")));
        assertThat(settings.connection.authorization()).isEqualTo("Basic bWU6c2VjcmV0");
        assertThat(settings.toString() + settings.location() + settings.connection)
                .doesNotContain("bWU6c2VjcmV0");
    }

    @Test
    void rejectsIncompleteAndUnknownProperties() {
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
    void rejectsDurationsWithoutUnit() {
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
