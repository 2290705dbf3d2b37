package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.ConnectorException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SolrPlaceTest {

    private static SolrPlace place(String address, boolean tls) {
        return SolrPlace.of(Address.parse(address), tls, null);
    }

    @Test
    void serverAndCollection() {
        assertThat(place("solr://h/solr/c", false))
                .isEqualTo(new SolrPlace("http://h:8983/solr", "c", null, null));
        assertThat(place("solr://[::1]:80/a/b/my-c.1/", true))
                .isEqualTo(new SolrPlace("https://[::1]:80/a/b", "my-c.1", null, null));
    }

    @Test
    void whatIsNoneIsRefused() {
        for (String address :
                new String[] {
                    "solr:c", "solr://h", "solr://h/c", "solr:///solr/c", "solr://h /s/c"
                }) {
            assertThatThrownBy(() -> place(address, false))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("write solr://HOST:8983/solr/COLLECTION");
        }
        assertThatThrownBy(() -> place("solr://h/solr/-c", false))
                .hasMessageContaining("is no name of a collection");
        assertThatThrownBy(() -> new SolrConnector().target(Address.parse("solr://h/solr/c?txt=1")))
                .hasMessageContaining("did you mean 'text'");
    }

    @Test
    void secretsStayOutOfAddressesAndMessages() {
        assertThatThrownBy(() -> place("solr://me:secret@h/solr/c", false))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("solr.properties")
                .hasMessageNotContaining("secret");
        Address address = Address.parse("solr://h/solr/c");
        SolrPlace place =
                SolrPlace.of(
                        address.withProperties(Map.of("user", "me", "password", "secret")),
                        false,
                        null);
        assertThat(place.authorization()).isEqualTo("Basic bWU6c2VjcmV0");
        assertThat(place.toString()).doesNotContain("bWU6c2VjcmV0");
        assertThat(
                        SolrPlace.of(address.withProperties(Map.of("user", "me")), false, "secret")
                                .authorization())
                .isEqualTo("Basic bWU6c2VjcmV0");
        assertThat(SolrPlace.of(address, false, "secret").authorization()).isNull();
    }

    @Test
    void halfOfACredentialIsRefused() {
        Address address = Address.parse("solr://h/solr/c");
        assertThatThrownBy(
                        () ->
                                SolrPlace.of(
                                        address.withProperties(Map.of("user", "me")), false, null))
                .hasMessageContaining("SOLR_PASSWORD");
        assertThatThrownBy(
                        () ->
                                SolrPlace.of(
                                        address.withProperties(Map.of("password", "x")),
                                        false,
                                        null))
                .hasMessageContaining("no user");
        assertThatThrownBy(
                        () -> SolrPlace.of(address.withProperties(Map.of("usr", "x")), false, null))
                .hasMessageContaining("unknown [usr]");
    }
}
