package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.contract.FaultInjector;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.servlet.DispatcherType;
import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.ServletContextEvent;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.solr.servlet.CoreContainerProvider;
import org.apache.solr.servlet.SolrDispatchFilter;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.DefaultServlet;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * A real Solr in this JVM with a real socket: Jetty with Solr's own filter, as in its distribution,
 * without the admin UI.
 */
final class SolrServer implements FaultInjector {

    static final String USER = "splade";
    static final String PASSWORD = "right";
    static final String READER = "reader";

    private final Server server = new Server();
    private final ServerConnector connector;
    private final AtomicInteger toThrottle = new AtomicInteger();
    private volatile CountDownLatch stalled = new CountDownLatch(0);

    private SolrServer(SslContextFactory.Server tls) {
        connector = tls == null ? new ServerConnector(server) : new ServerConnector(server, tls);
    }

    /**
     * Starts with a configset {@code _default} and with users.
     *
     * @param home an empty folder
     */
    static SolrServer start(Path home) throws Exception {
        return start(home, null);
    }

    /** Like {@link #start(Path)}, with TLS unless null. */
    static SolrServer start(Path home, SslContextFactory.Server tls) throws Exception {
        Files.writeString(home.resolve("security.json"), security());
        prepare(home);
        SolrServer solr = new SolrServer(tls);
        solr.listen(home);
        return solr;
    }

    /** Writes the files that Solr needs to start without users. */
    static void prepare(Path home) throws IOException {
        Files.writeString(
                home.resolve("solr.xml"),
                """
                <solr>
                  <solrcloud>
                    <str name="host">127.0.0.1</str>
                    <int name="hostPort">${hostPort}</int>
                    <str name="hostContext">solr</str>
                  </solrcloud>
                </solr>
                """);
        Files.writeString(home.resolve("zoo.cfg"), "tickTime=2000\ninitLimit=10\nsyncLimit=5\n");
        writeConfiguration(home.resolve("configsets/_default"));
    }

    /**
     * Creates the folder of a core like {@code bin/solr create}, with its own configuration.
     *
     * @return the path of the request that creates the core
     */
    static String coreFolder(Path home, String name) throws IOException {
        writeConfiguration(home.resolve(name));
        return "/admin/cores?action=CREATE&name=" + name;
    }

    private static void writeConfiguration(Path folder) throws IOException {
        Path configuration = Files.createDirectories(folder.resolve("conf"));
        for (String file : new String[] {"solrconfig.xml", "managed-schema.xml"}) {
            try (InputStream in = SolrServer.class.getResourceAsStream("/solr/" + file)) {
                Files.copy(in, configuration.resolve(file));
            }
        }
    }

    private void listen(Path home) throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        // the port must be known before Solr starts, and is used again after an outage
        connector.open();
        connector.setPort(connector.getLocalPort());
        ServletContextHandler context = new ServletContextHandler(server, "/solr");
        context.setResourceBase(home.toString());
        context.addEventListener(
                new CoreContainerProvider() {
                    @Override
                    public void contextInitialized(ServletContextEvent event) {
                        Properties node = new Properties();
                        node.setProperty("hostPort", Integer.toString(connector.getPort()));
                        event.getServletContext()
                                .setAttribute(SolrDispatchFilter.PROPERTIES_ATTRIBUTE, node);
                        event.getServletContext()
                                .setAttribute(
                                        SolrDispatchFilter.SOLRHOME_ATTRIBUTE, home.toString());
                        super.contextInitialized(event);
                    }
                });
        EnumSet<DispatcherType> requests = EnumSet.of(DispatcherType.REQUEST);
        FilterHolder faults = new FilterHolder((Filter) this::fail);
        faults.setAsyncSupported(true);
        context.addFilter(faults, "/*", requests);
        context.addFilter(SolrDispatchFilter.class, "/*", requests);
        context.addServlet(DefaultServlet.class, "/");
        server.start();
    }

    /** Like Solr's rate limiter and circuit breakers, which respond with 429. */
    private void fail(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        CountDownLatch resumed = stalled;
        if (resumed.getCount() > 0) {
            response.setContentType("application/json");
            response.setContentLength(1_000);
            response.getOutputStream().write('{');
            response.flushBuffer();
            try {
                resumed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return;
        }
        if (((HttpServletRequest) request).getRequestURI().endsWith("/update")
                && toThrottle.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            ((HttpServletResponse) response).sendError(429, "too many requests");
        } else {
            chain.doFilter(request, response);
        }
    }

    /** One user with all permissions, and one who may only read; both need a password. */
    private static String security() throws GeneralSecurityException {
        return """
               {"authentication": {"class": "solr.BasicAuthPlugin", "blockUnknown": true,
                 "credentials": {"%s": "%s", "%s": "%s"}},
                "authorization": {"class": "solr.RuleBasedAuthorizationPlugin",
                 "permissions": [{"name": "read", "role": ["admin", "reader"]},
                   {"name": "schema-read", "role": ["admin", "reader"]},
                   {"name": "config-read", "role": ["admin", "reader"]},
                   {"name": "all", "role": "admin"}],
                 "user-role": {"%s": "admin", "%s": "reader"}}}
               """
                .formatted(USER, credentials(), READER, credentials(), USER, READER);
    }

    /** {@code base64(sha256(sha256(salt + password))) base64(salt)}. */
    private static String credentials() throws GeneralSecurityException {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        byte[] salt = "salt".getBytes(StandardCharsets.UTF_8);
        sha256.update(salt);
        byte[] once = sha256.digest(PASSWORD.getBytes(StandardCharsets.UTF_8));
        Base64.Encoder base64 = Base64.getEncoder();
        return base64.encodeToString(sha256.digest(once)) + " " + base64.encodeToString(salt);
    }

    /** Runs in a separate process until its input ends; the first argument is the folder. */
    public static void main(String[] arguments) throws Exception {
        SolrServer solr = new SolrServer(null);
        solr.listen(Path.of(arguments[0]));
        System.out.println(solr.url());
        System.in.transferTo(OutputStream.nullOutputStream());
        System.exit(0);
    }

    /** The URL of the server. */
    String url() {
        return (connector.getDefaultProtocol().equals("SSL") ? "https" : "http")
                + "://127.0.0.1:"
                + connector.getPort()
                + "/solr";
    }

    @Override
    public void down() {
        try {
            connector.getConnectedEndPoints().forEach(EndPoint::close);
            connector.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Requests stall in Jetty and do not reach Solr. */
    @Override
    public void stall() {
        stalled = new CountDownLatch(1);
    }

    @Override
    public void up() {
        stalled.countDown();
        try {
            connector.start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void throttle(int requests) {
        toThrottle.set(requests);
    }

    @Override
    public void reject(String id) {
        RejectingProcessorFactory.rejectedId = id;
    }

    void stop() throws Exception {
        server.stop();
    }
}
