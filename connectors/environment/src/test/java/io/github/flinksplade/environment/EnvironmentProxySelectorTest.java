package io.github.flinksplade.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EnvironmentProxySelectorTest {

    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String BASIC =
            "Basic "
                    + Base64.getEncoder()
                            .encodeToString("me:p@ss".getBytes(StandardCharsets.UTF_8));

    @TempDir private static Path folder;
    private static SSLContext tls;

    @BeforeAll
    static void makeKey() throws Exception {
        Path store = folder.resolve("server.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-alias",
                                "server",
                                "-dname",
                                "CN=server",
                                "-ext",
                                "san=dns:hub.example",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                new String(PASSWORD))
                        .inheritIO()
                        .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory own =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        tls = SSLContext.getInstance("TLS");
        tls.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    }

    /** The proxy's host and port for a URI, or "direct". */
    private static String selected(Map<String, String> environment, String uri) {
        Proxy proxy = new EnvironmentProxySelector(environment).select(URI.create(uri)).get(0);
        if (proxy.type() == Proxy.Type.DIRECT) {
            return "direct";
        }
        InetSocketAddress address = (InetSocketAddress) proxy.address();
        return address.getHostString() + ":" + address.getPort();
    }

    @Test
    void selectsVariableOfScheme() {
        Map<String, String> environment =
                Map.of("HTTP_PROXY", "http://127.0.0.1:1", "HTTPS_PROXY", "http://127.0.0.1:2/");
        assertThat(selected(environment, "http://a.example/x")).isEqualTo("127.0.0.1:1");
        assertThat(selected(environment, "https://a.example/x")).isEqualTo("127.0.0.1:2");
        Map<String, String> all = Map.of("ALL_PROXY", "127.0.0.1:3", "https_proxy", "127.0.0.1");
        assertThat(selected(all, "http://a.example")).isEqualTo("127.0.0.1:3");
        assertThat(selected(all, "https://a.example")).isEqualTo("127.0.0.1:80");
        assertThat(selected(Map.of("HTTPS_PROXY", " "), "https://a.example")).isEqualTo("direct");
    }

    @Test
    void prefersLowerCase() {
        assertThat(
                        selected(
                                Map.of(
                                        "http_proxy",
                                        "127.0.0.1:1",
                                        "HTTP_PROXY",
                                        "127.0.0.1:2",
                                        "NO_PROXY",
                                        "*",
                                        "no_proxy",
                                        "other"),
                                "http://a.example"))
                .isEqualTo("127.0.0.1:1");
    }

    @Test
    void fallsBackToPropertiesOfJvm() {
        System.setProperty("https.proxyHost", "127.0.0.1");
        System.setProperty("https.proxyPort", "9");
        try {
            assertThat(selected(Map.of("HTTP_PROXY", "127.0.0.1:1"), "https://a.example"))
                    .isEqualTo("127.0.0.1:9");
            assertThat(selected(Map.of("HTTPS_PROXY", "127.0.0.1:1"), "https://a.example"))
                    .isEqualTo("127.0.0.1:1");
        } finally {
            System.clearProperty("https.proxyHost");
            System.clearProperty("https.proxyPort");
        }
        assertThat(selected(Map.of(), "https://a.example")).isEqualTo("direct");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "*                      | http://any.example       | true",
                "example.com            | http://example.com       | true",
                "example.com            | http://EXAMPLE.com.      | true",
                "example.com            | http://a.b.example.com   | true",
                "example.com            | http://notexample.com    | false",
                ".example.com           | http://example.com       | true",
                ".example.com           | http://a.example.com     | true",
                "*.example.com          | http://a.example.com     | true",
                "Example.COM            | http://example.com       | true",
                "a.example:8080         | http://a.example:8080    | true",
                "a.example:8080         | http://a.example:8081    | false",
                "a.example:80           | http://a.example         | true",
                "x, a.example ,y        | http://a.example         | true",
                "x a.example y          | http://a.example         | true",
                "127.0.0.1              | http://127.0.0.1:9000    | true",
                "127.0.0.1              | http://127.0.0.2:9000    | false",
                "10.0.0.0/8             | http://10.200.3.4        | true",
                "10.0.0.0/8             | http://11.0.0.1          | false",
                "192.168.4.0/22         | http://192.168.7.255     | true",
                "192.168.4.0/22         | http://192.168.8.0       | false",
                "10.0.0.0/8             | http://10.example        | false",
                "::1                    | http://[::1]:8080        | true",
                "[::1]:8080             | http://[::1]:8080        | true",
                "[::1]:8080             | http://[::1]:8081        | false",
                "fd00::/8               | http://[fd12:3::4]       | true",
                "fd00::/8               | http://[fe80::1]         | false",
                "300.1.1.1              | http://300.1.1.1         | true",
            })
    void matchesNoProxy(String list, String uri, boolean direct) {
        Map<String, String> environment = Map.of("HTTP_PROXY", "127.0.0.1:1", "NO_PROXY", list);
        assertThat(selected(environment, uri)).isEqualTo(direct ? "direct" : "127.0.0.1:1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "socks5://h:1",
                "https://h:1",
                "http://me:p@ss@h:1",
                "http://",
                "http://h h"
            })
    void rejectsInvalidProxies(String value) {
        EnvironmentProxySelector proxies =
                new EnvironmentProxySelector(
                        Map.of("HTTPS_PROXY", value, "NO_PROXY", "other.example"));
        assertThat(proxies.select(URI.create("https://other.example")))
                .containsExactly(Proxy.NO_PROXY);
        assertThatThrownBy(() -> proxies.select(URI.create("https://a.example")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("HTTPS_PROXY is ")
                .hasMessageContaining("http://user:password@host:port")
                .message()
                .doesNotContain("p@ss");
    }

    @Test
    void describesProxyWithoutPassword() {
        EnvironmentProxySelector proxies =
                new EnvironmentProxySelector(Map.of("https_proxy", "http://me:secret@h:81"));
        assertThat(proxies.describe(URI.create("https://a.example")))
                .contains("the proxy h:81 (https_proxy)");
        assertThat(proxies.describe(URI.create("http://a.example"))).isEmpty();
    }

    private static HttpResponse<String> get(EnvironmentProxySelector proxies, String url)
            throws IOException, InterruptedException {
        URI uri = URI.create(url);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20));
        proxies.authorization(uri).ifPresent(value -> request.header("Proxy-Authorization", value));
        return HttpClient.newBuilder()
                .proxy(proxies)
                .sslContext(tls)
                .build()
                .send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @ParameterizedTest
    @CsvSource({
        "http, GET http://hub.example/x HTTP/1.1",
        "https, CONNECT hub.example:443 HTTP/1.1"
    })
    void clientUsesProxyWithPassword(String scheme, String line) throws Exception {
        InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server;
        if (scheme.equals("https")) {
            HttpsServer https = HttpsServer.create(loopback, 0);
            https.setHttpsConfigurator(new HttpsConfigurator(tls));
            server = https;
        } else {
            server = HttpServer.create(loopback, 0);
        }
        server.createContext(
                "/",
                exchange -> {
                    boolean leaked =
                            exchange.getRequestHeaders().containsKey("Proxy-Authorization");
                    byte[] body = (leaked ? "leaked" : "hello").getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(200, body.length);
                    exchange.getResponseBody().write(body);
                    exchange.close();
                });
        server.start();
        try (ForwardProxy proxy = new ForwardProxy()) {
            proxy.hosts.put("hub.example", server.getAddress().getPort());
            proxy.requiredAuthorization = BASIC;
            String variable = scheme + "_proxy";
            String url = scheme + "://hub.example/x";
            EnvironmentProxySelector with =
                    new EnvironmentProxySelector(
                            Map.of(variable, "http://me:p%40ss@127.0.0.1:" + proxy.port()));
            assertThat(get(with, url).body()).isEqualTo("hello");
            assertThat(proxy.requests).containsExactly(line);

            EnvironmentProxySelector without =
                    new EnvironmentProxySelector(
                            Map.of(variable, "http://127.0.0.1:" + proxy.port()));
            assertThat(get(without, url).statusCode()).isEqualTo(407);
        } finally {
            server.stop(0);
        }
    }
}
