package io.github.flinksplade.environment;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A forward proxy on loopback for tests: CONNECT tunnels and plain HTTP requests with an absolute
 * URI. Host names are resolved by {@link #hosts} only, so a test can use any name for a server on
 * loopback; 127.0.0.1 is loopback itself.
 */
public final class ForwardProxy implements AutoCloseable {

    /** The first lines of the requests, such as {@code CONNECT host:443 HTTP/1.1}. */
    public final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    /** Ports on loopback by host name. */
    public final Map<String, Integer> hosts = new ConcurrentHashMap<>();

    /** The value that Proxy-Authorization must have, or null. */
    public volatile String requiredAuthorization;

    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Starts it on a free port. */
    public ForwardProxy() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.submit(this::accept);
    }

    /** Its port on 127.0.0.1. */
    public int port() {
        return server.getLocalPort();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                open.add(client);
                threads.submit(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            String line = line(in);
            if (line.isEmpty()) {
                return;
            }
            requests.add(line);
            List<String> headers = new ArrayList<>();
            String authorization = null;
            for (String header = line(in); !header.isEmpty(); header = line(in)) {
                String name = header.substring(0, header.indexOf(':')).toLowerCase(Locale.ROOT);
                if (name.equals("proxy-authorization")) {
                    authorization = header.substring(header.indexOf(':') + 1).strip();
                } else if (!name.equals("connection")) {
                    headers.add(header);
                }
            }
            if (requiredAuthorization != null && !requiredAuthorization.equals(authorization)) {
                write(out, "HTTP/1.1 407 Proxy Authentication Required\r\n");
                write(out, "Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            String[] parts = line.split(" ");
            boolean tunnel = parts[0].equals("CONNECT");
            URI target = URI.create(tunnel ? "https://" + parts[1] : parts[1]);
            boolean loopback = target.getHost().equals("127.0.0.1");
            Integer port = loopback ? (Integer) target.getPort() : hosts.get(target.getHost());
            if (port == null) {
                write(out, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            try (Socket remote = new Socket(InetAddress.getLoopbackAddress(), port)) {
                open.add(remote);
                if (tunnel) {
                    write(out, "HTTP/1.1 200 Connection established\r\n\r\n");
                } else {
                    String path = target.getRawPath().isEmpty() ? "/" : target.getRawPath();
                    String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
                    write(
                            remote.getOutputStream(),
                            parts[0]
                                    + " "
                                    + path
                                    + query
                                    + " HTTP/1.1\r\nConnection: close\r\n"
                                    + String.join("\r\n", headers)
                                    + "\r\n\r\n");
                }
                threads.submit(() -> copy(in, remote));
                remote.getInputStream().transferTo(out);
            } finally {
                open.removeIf(Socket::isClosed);
            }
        } catch (IOException e) {
            open.removeIf(Socket::isClosed); // one side has closed the connection
        }
    }

    private static void copy(InputStream in, Socket remote) {
        try {
            in.transferTo(remote.getOutputStream());
            remote.shutdownOutput();
        } catch (IOException e) {
            return; // one side closed the connection
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int read = in.read(); read >= 0 && read != '\n'; read = in.read()) {
            if (read != '\r') {
                line.append((char) read);
            }
        }
        return line.toString();
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            threads.shutdownNow();
        }
    }
}
