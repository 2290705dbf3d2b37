package io.github.flinksplade.connector.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The proxy that {@code HTTPS_PROXY} or {@code HTTP_PROXY} names ({@code http://host:port}; the
 * lower-case form wins), except for this machine and the hosts of {@code NO_PROXY} (names, of which
 * subdomains match too, separated by commas; {@code *} matches all). Without such a variable the
 * JVM's own selector decides.
 */
final class EnvironmentProxies extends ProxySelector {

    private final Map<String, String> environment;

    EnvironmentProxies(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public List<Proxy> select(URI uri) {
        String proxy = value(uri.getScheme() + "_proxy");
        if (proxy.isEmpty()) {
            ProxySelector fallback = ProxySelector.getDefault();
            return fallback == null ? List.of(Proxy.NO_PROXY) : fallback.select(uri);
        }
        if (isExcluded(uri.getHost().toLowerCase(Locale.ROOT))) {
            return List.of(Proxy.NO_PROXY);
        }
        URI at = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        if (at.getHost() == null || !at.getScheme().equals("http")) {
            throw new IllegalArgumentException(
                    uri.getScheme() + "_proxy does not name an HTTP proxy; write http://host:port");
        }
        return List.of(
                new Proxy(
                        Proxy.Type.HTTP,
                        InetSocketAddress.createUnresolved(
                                at.getHost(), at.getPort() < 0 ? 80 : at.getPort())));
    }

    private String value(String name) {
        String lower = environment.getOrDefault(name, "");
        return (lower.isBlank()
                        ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "")
                        : lower)
                .strip();
    }

    private boolean isExcluded(String host) {
        if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
            return true;
        }
        for (String entry : value("no_proxy").toLowerCase(Locale.ROOT).split("[,\\s]+")) {
            String name = entry.replaceFirst("^\\*?\\.", "");
            if (entry.equals("*")
                    || !name.isEmpty() && (host.equals(name) || host.endsWith("." + name))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // there is no second proxy to choose, and the caller gets the exception
    }
}
