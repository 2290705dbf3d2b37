package io.github.flinksplade.app;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A TCP proxy in front of a Kafka broker that can withhold the requests that end transactions
 * (EndTxn). A job behind it completes a checkpoint but cannot commit its transactions.
 */
final class CommitBlockingProxy implements AutoCloseable {

    private static final short END_TXN = 26;

    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final List<String> withheld = new CopyOnWriteArrayList<>();
    private volatile int brokerPort;
    private volatile List<String> blocked = List.of();

    CommitBlockingProxy() throws IOException {
        server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    int port() {
        return server.getLocalPort();
    }

    void forwardTo(int port) {
        brokerPort = port;
    }

    /**
     * Withholds, from now on, the requests that end a transaction whose id contains one of these
     * texts; they never reach the broker.
     */
    void block(String... texts) {
        withheld.clear();
        blocked = List.of(texts);
    }

    void unblock() {
        blocked = List.of();
    }

    /** Whether a request was withheld whose transactional id contains this text. */
    boolean hasWithheld(String text) {
        return withheld.stream().anyMatch(request -> request.contains(text));
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "commit-blocking-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Socket broker = new Socket(InetAddress.getLoopbackAddress(), brokerPort);
                sockets.add(client);
                sockets.add(broker);
                start(() -> pump(client, broker, () -> requests(client, broker)));
                start(() -> pump(broker, client, () -> responses(broker, client)));
            } catch (SocketException e) {
                return; // closed
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private interface Transfer {
        void run() throws IOException;
    }

    private void pump(Socket from, Socket to, Transfer transfer) {
        try (from;
                to) {
            transfer.run();
        } catch (EOFException | SocketException e) {
            // one side closed its connection: both are closed
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sockets.remove(from);
        }
    }

    private void requests(Socket client, Socket broker) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        DataOutputStream out = new DataOutputStream(broker.getOutputStream());
        while (true) {
            byte[] request = new byte[in.readInt()];
            in.readFully(request);
            short api = (short) (request[0] << 8 | request[1] & 0xff);
            if (api == END_TXN) {
                String text = new String(request, StandardCharsets.ISO_8859_1);
                if (blocked.stream().anyMatch(text::contains)) {
                    withheld.add(text);
                    continue;
                }
            }
            out.writeInt(request.length);
            out.write(request);
            out.flush();
        }
    }

    private static void responses(Socket broker, Socket client) throws IOException {
        InputStream in = broker.getInputStream();
        OutputStream out = client.getOutputStream();
        in.transferTo(out);
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
