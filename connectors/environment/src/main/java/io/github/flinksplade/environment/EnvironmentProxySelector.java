package io.github.flinksplade.environment;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Selects the HTTP proxy from {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code
 * NO_PROXY}, like curl and Python's clients. A client of {@code java.net.http} needs it twice:
 *
 * <pre>
 * EnvironmentProxySelector proxies = new EnvironmentProxySelector(System.getenv());
 * HttpClient client = HttpClient.newBuilder().proxy(proxies).build();
 * HttpRequest.Builder request = HttpRequest.newBuilder(uri);
 * proxies.authorization(uri).ifPresent(value -&gt; request.header("Proxy-Authorization", value));
 * </pre>
 *
 * <ul>
 *   <li>The lower-case form of each variable takes precedence over the upper-case one. {@code
 *       ALL_PROXY} applies if the variable of the URI's scheme is not set.
 *   <li>A proxy is {@code [http://][user:password@]host[:port]}, port 80 by default; user and
 *       password are percent-encoded. TLS to the proxy itself and SOCKS are not supported.
 *   <li>{@code NO_PROXY} is a list separated by commas or spaces. {@code *} matches every host, a
 *       name matches itself and its subdomains with or without a leading dot, {@code name:port}
 *       matches that port only, an IP address matches itself, {@code 10.0.0.0/8} matches a range.
 *       Host names are not resolved.
 *   <li>If no variable is set for a scheme, the JVM's default selector decides ({@code
 *       https.proxyHost} and the like).
 * </ul>
 *
 * <p>The JDK does not send a user and a password to a proxy that tunnels HTTPS unless {@code
 * jdk.http.auth.tunneling.disabledSchemes} is empty, and it reads that property once, before the
 * first request of the JVM. The constructor sets it if a proxy has a password and the property is
 * not set.
 */
public final class EnvironmentProxySelector extends ProxySelector {

    private static final String TUNNELING = "jdk.http.auth.tunneling.disabledSchemes";
    private static final int DEFAULT_PORT = 80;

    private final Map<String, String> environment;
    private final List<Exclusion> exclusions = new ArrayList<>();

    /**
     * A proxy from a variable.
     *
     * @param variable the variable's name, for messages
     * @param authorization the value of Proxy-Authorization, or null
     */
    private record Configured(String variable, String host, int port, String authorization) {
        @Override
        public String toString() {
            return "the proxy " + host + ":" + port + " (" + variable + ")";
        }
    }

    /**
     * An entry of NO_PROXY.
     *
     * @param host a name in lower case, or an address
     * @param address the address's bytes, or null for a name
     * @param bits how many leading bits of an address must match
     * @param port -1 for any
     */
    private record Exclusion(String host, byte[] address, int bits, int port) {}

    /**
     * @param environment the process's environment variables
     */
    public EnvironmentProxySelector(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
        for (String entry : value("no_proxy").orElse("").split("[,\\s]+")) {
            if (!entry.isEmpty()) {
                exclusions.add(exclusion(entry.toLowerCase(Locale.ROOT)));
            }
        }
        for (String scheme : List.of("http", "https")) {
            boolean password =
                    variable(scheme).map(this::text).filter(text -> text.contains("@")).isPresent();
            if (password && System.getProperty(TUNNELING) == null) {
                System.setProperty(TUNNELING, "");
            }
        }
    }

    /**
     * @throws IllegalArgumentException if the variable that applies is not the URL of an HTTP
     *     proxy; the message is for the user
     */
    @Override
    public List<Proxy> select(URI uri) {
        Optional<Configured> proxy = proxy(uri);
        if (proxy.isPresent()) {
            return List.of(
                    new Proxy(
                            Proxy.Type.HTTP,
                            new InetSocketAddress(proxy.get().host(), proxy.get().port())));
        }
        ProxySelector fallback = ProxySelector.getDefault();
        return fallback == null || variable(scheme(uri)).isPresent()
                ? List.of(Proxy.NO_PROXY)
                : fallback.select(uri);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // there is no other proxy to select, and the caller gets the exception
    }

    /**
     * The value of the header {@code Proxy-Authorization} for a request to this URI; empty if it
     * goes directly or its proxy has no user.
     *
     * @throws IllegalArgumentException as {@link #select}
     */
    public Optional<String> authorization(URI uri) {
        return proxy(uri).map(Configured::authorization);
    }

    /**
     * The proxy for this URI and its variable, without user and password, for messages. Empty if
     * the environment has no proxy for it.
     *
     * @throws IllegalArgumentException as {@link #select}
     */
    public Optional<String> describe(URI uri) {
        return proxy(uri).map(Configured::toString);
    }

    private Optional<Configured> proxy(URI uri) {
        String host = uri.getHost();
        if (host == null || isExcluded(host, port(uri))) {
            return Optional.empty();
        }
        return variable(scheme(uri)).map(this::parse);
    }

    private static String scheme(URI uri) {
        return String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : scheme(uri).equals("https") ? 443 : 80;
    }

    /** The name of the variable that applies to a scheme. */
    private Optional<String> variable(String scheme) {
        if (!scheme.equals("http") && !scheme.equals("https")) {
            return Optional.empty();
        }
        return name(scheme + "_proxy").or(() -> name("all_proxy"));
    }

    private Optional<String> value(String lowerCase) {
        return name(lowerCase).map(this::text);
    }

    /** The name of a variable that is set, preferably in lower case. */
    private Optional<String> name(String lowerCase) {
        for (String name : List.of(lowerCase, lowerCase.toUpperCase(Locale.ROOT))) {
            if (!text(name).isEmpty()) {
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }

    private String text(String name) {
        return environment.getOrDefault(name, "").strip();
    }

    private Configured parse(String variable) {
        String text = text(variable);
        URI uri;
        try {
            uri = new URI(text.contains("://") ? text : "http://" + text);
        } catch (URISyntaxException e) {
            // without the cause, because its message contains the password
            throw invalid(variable, "not a valid URL");
        }
        if (!scheme(uri).equals("http")) {
            throw invalid(variable, "a " + scheme(uri) + " proxy, which is not supported");
        }
        if (uri.getHost() == null) {
            throw invalid(variable, "not a valid URL");
        }
        String user = uri.getRawUserInfo();
        return new Configured(
                variable,
                uri.getHost(),
                uri.getPort() >= 0 ? uri.getPort() : DEFAULT_PORT,
                user == null
                        ? null
                        : "Basic "
                                + Base64.getEncoder()
                                        .encodeToString(
                                                (user.contains(":")
                                                                ? uri.getUserInfo()
                                                                : uri.getUserInfo() + ":")
                                                        .getBytes(StandardCharsets.UTF_8)));
    }

    private static IllegalArgumentException invalid(String variable, String what) {
        return new IllegalArgumentException(
                variable
                        + " is "
                        + what
                        + ". Write http://host:port or http://user:password@host:port with other"
                        + " characters percent-encoded, or exclude the host with NO_PROXY");
    }

    private static Exclusion exclusion(String entry) {
        String host = entry;
        int port = -1;
        int colon = entry.lastIndexOf(':');
        boolean onlyColon = colon == entry.indexOf(':');
        if (colon > 0
                && (onlyColon || entry.charAt(colon - 1) == ']')
                && entry.substring(colon + 1).matches("\\d{1,5}")) {
            host = entry.substring(0, colon);
            port = Integer.parseInt(entry.substring(colon + 1));
        }
        int slash = host.indexOf('/');
        String prefix = slash < 0 ? "" : host.substring(slash + 1);
        if (prefix.matches("\\d{1,3}")) {
            host = host.substring(0, slash);
        }
        byte[] address = IpAddresses.parse(host);
        int bits = address == null ? 0 : address.length * 8;
        if (address != null && prefix.matches("\\d{1,3}")) {
            bits = Math.min(bits, Integer.parseInt(prefix));
        }
        // "*.example.com" is not in curl's manual, but is common
        String name = host.length() > 1 ? host.replaceFirst("^\\*?\\.", "") : host;
        return new Exclusion(name, address, bits, port);
    }

    private boolean isExcluded(String uriHost, int port) {
        String host = uriHost.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
        byte[] address = IpAddresses.parse(host);
        for (Exclusion exclusion : exclusions) {
            if (exclusion.port() >= 0 && exclusion.port() != port) {
                continue;
            }
            if (exclusion.host().equals("*")) {
                return true;
            }
            if (exclusion.address() != null) {
                if (address != null
                        && IpAddresses.sameNetwork(
                                address, exclusion.address(), exclusion.bits())) {
                    return true;
                }
            } else if (host.equals(exclusion.host()) || host.endsWith("." + exclusion.host())) {
                return true;
            }
        }
        return false;
    }
}
