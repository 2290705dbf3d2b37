package io.github.flinksplade.connector.pinecone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.vector.SparseVector;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both interfaces over TLS, with a stand-in whose certificate the JVM trusts or does not trust. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class PineconeTlsITCase {

    private static final String PASSWORD = "changeit";
    private static final String TRUSTED = "javax.net.ssl.trustStore";
    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    @TempDir private static Path folder;
    private static Path store;
    private PineconeStandIn standIn;

    @BeforeAll
    static void makeKey() throws Exception {
        store = folder.resolve("stand-in.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-alias",
                                "stand-in",
                                "-dname",
                                "CN=stand-in",
                                "-ext",
                                "san=ip:127.0.0.1",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                PASSWORD)
                        .inheritIO()
                        .start();
        assertThat(keytool.waitFor()).isZero();
    }

    @BeforeEach
    void start() throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, PASSWORD.toCharArray());
        standIn = PineconeStandIn.start(factory.getKeyManagers());
    }

    @AfterEach
    void stop() {
        System.clearProperty(TRUSTED);
        System.clearProperty(TRUSTED + "Password");
        standIn.close();
    }

    private ConnectorUri uri() {
        return ConnectorUri.parse("pinecone:docs")
                .withProperties(Map.of("host", standIn.url(), "api-key", PineconeStandIn.API_KEY));
    }

    @Test
    void writesAndSearches() throws Exception {
        trustStandIn();
        assertThat(standIn.url()).startsWith("https:");
        try (SinkTestHarness harness =
                SinkTestHarness.start(new PineconeConnector().sink(uri()), CONTEXT)) {
            harness.write(Corpus.upsert("a", 1, "{}", new TreeMap<>(Map.of(3, 1f))));
            harness.finish();
        }
        assertThat(standIn.records("docs", "")).containsOnlyKeys("a");
        try (SearchIndex index = Connectors.of(uri()).index(uri())) {
            assertThat(
                            index.search(
                                    new SearchIndex.Query(
                                            new SparseVector(new int[] {3}, new float[] {1}),
                                            5,
                                            false)))
                    .hasSize(1);
        }
    }

    @Test
    void trustsTheAuthoritiesOfThePropertyCa() throws Exception {
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        Path authority = folder.resolve("ca.pem");
        Files.writeString(
                authority,
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder()
                                .encodeToString(keys.getCertificate("stand-in").getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        ConnectorUri uri = uri().withProperties(Map.of("ca", authority.toString()));
        try (SinkTestHarness harness =
                SinkTestHarness.start(new PineconeConnector().sink(uri), CONTEXT)) {
            harness.write(Corpus.upsert("b", 1, "{}", new TreeMap<>(Map.of(3, 1f))));
            harness.finish();
        }
        assertThat(standIn.records("docs", "")).containsOnlyKeys("b");
    }

    private void trustStandIn() {
        System.setProperty(TRUSTED, store.toString());
        System.setProperty(TRUSTED + "Password", PASSWORD);
    }

    @Test
    void reportsAnUntrustedCertificateInOneSentence() {
        assertThatThrownBy(
                        () -> new PineconeConnector().sink(uri()).prepare(CONTEXT, StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("is unavailable")
                .hasMessageContaining("Check host and network")
                .satisfies(
                        failure ->
                                assertThat(failure.getMessage()).doesNotContain("Exception", "\n"));
    }
}
