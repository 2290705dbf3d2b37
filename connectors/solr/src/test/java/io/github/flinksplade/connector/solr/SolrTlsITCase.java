package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.contract.Corpus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Solr with a certificate of an authority that the JDK does not trust. */
class SolrTlsITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    private static Path home;
    private static SolrServer solr;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        home = folder;
        keytool(
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1");
        keytool("-exportcert", "-rfc", "-file", home.resolve("ca.pem").toString());
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(home.resolve("keys").toString());
        tls.setKeyStorePassword("changeit");
        solr = SolrServer.start(home, tls);
        Files.createFile(home.resolve("none.pem"));
    }

    private static void keytool(String... arguments) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        builder.command().addAll(List.of(arguments));
        builder.command()
                .addAll(
                        List.of(
                                "-alias",
                                "solr",
                                "-keystore",
                                home.resolve("keys").toString(),
                                "-storepass",
                                "changeit"));
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
    }

    @AfterAll
    static void stop() throws Exception {
        solr.stop();
    }

    private static void check(String options, String ca) {
        String location = solr.url().substring("https:".length()) + "/absent";
        Map<String, String> properties = new HashMap<>();
        properties.put("username", SolrServer.USER);
        properties.put("password", SolrServer.PASSWORD);
        if (ca != null) {
            properties.put("ca", home.resolve(ca).toString());
        }
        ConnectorUri uri =
                ConnectorUri.parse("solr:" + location + options).withProperties(properties);
        new SolrConnector().sink(uri).prepare(CONTEXT, StartMode.NEW);
    }

    /** The connection succeeds: Solr itself reports the missing core. */
    @Test
    void trustsTheAuthoritiesOfThePropertyCa() {
        assertThatThrownBy(() -> check("?tls=true", "ca.pem"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("bin/solr create -c absent");
    }

    @Test
    void rejectsUntrustedAndUnencryptedServers() {
        assertThatThrownBy(() -> check("?tls=true", null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("the property ca")
                .hasMessageNotContaining("Exception");
        assertThatThrownBy(() -> check("?tls=true", "none.pem"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("contains no valid certificates");
        assertThatThrownBy(() -> check("?tls=true", "missing.pem"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("missing.pem");
        assertThatThrownBy(() -> check("", "ca.pem"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("tls=true");
        assertThatThrownBy(() -> check("", null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("expect TLS (tls=true)");
    }
}
