package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.opensearch.FaultyServer.Reply;
import io.github.flinksplade.connector.opensearch.FaultyServer.Request;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with a certificate of an authority that the JDK does not trust. */
class TlsITCase {

    private static final String PASSWORD = "changeit";

    @TempDir private Path folder;

    private StandInServer standIn;
    private HttpsServer server;

    @BeforeEach
    void start() throws Exception {
        Path keys = folder.resolve("keys.p12");
        keytool(
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                keys.toString());
        keytool(
                "-exportcert",
                "-rfc",
                "-alias",
                "server",
                "-file",
                certificate().toString(),
                "-keystore",
                keys.toString());
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keys)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        standIn = new StandInServer(false);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext(
                "/",
                exchange -> {
                    try (exchange) {
                        Reply reply =
                                standIn.handle(
                                        new Request(
                                                exchange.getRequestMethod(),
                                                exchange.getRequestURI().toString(),
                                                exchange.getRequestBody().readAllBytes()));
                        exchange.sendResponseHeaders(reply.status(), reply.body().length);
                        exchange.getResponseBody().write(reply.body());
                    }
                });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private Path certificate() {
        return folder.resolve("ca.pem");
    }

    private static void keytool(String... arguments) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/keytool") + "");
        builder.command().addAll(List.of(arguments));
        builder.command().addAll(List.of("-storepass", PASSWORD));
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
    }

    private ConnectorUri uri(String tls, Map<String, String> properties) {
        return ConnectorUri.parse(
                        "elasticsearch://127.0.0.1:"
                                + server.getAddress().getPort()
                                + "/docs?tls="
                                + tls)
                .withProperties(properties);
    }

    private static void check(ConnectorUri uri) {
        Connectors.of(uri)
                .sink(uri)
                .prepare(Corpus.context(Corpus.PROVENANCE, false), StartMode.NEW);
    }

    @Test
    void trustsTheAuthoritiesOfThePropertyCa() {
        check(uri("true", Map.of("ca", certificate().toString())));
        assertThat(standIn.indexes()).containsExactly("docs");
    }

    @Test
    void rejectsUntrustedAndUnencryptedServers() throws IOException {
        assertRejected(uri("true", Map.of()), "the property ca");
        assertRejected(uri("false", Map.of()), "tls");
        assertRejected(uri("true", Map.of("ca", folder + "/none.pem")), "none.pem");
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        assertRejected(uri("true", Map.of("ca", empty.toString())), "empty.pem");
        assertThat(standIn.indexes()).isEmpty();
    }

    private static void assertRejected(ConnectorUri uri, String message) {
        assertThatThrownBy(() -> check(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("Exception");
    }
}
