package io.github.flinksplade.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Measures a server of {@code flink-splade serve}: each client sends one request after the other.
 * Needs the JDK only, so it can be run from its source file. Prints requests per second and
 * percentiles of the latency as a client sees it, after a warm-up of a fifth of the time.
 */
public final class ServeLoad {

    private ServeLoad() {}

    /**
     * @param arguments URI, body with {@code %s} for a line of the file, file with a query per
     *     line, number of clients, seconds
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 5) {
            System.err.println("Usage: ServeLoad URI BODY QUERIES_FILE CLIENTS SECONDS");
            System.exit(2);
        }
        URI uri = URI.create(arguments[0]);
        List<String> bodies = new ArrayList<>();
        for (String query : Files.readAllLines(Path.of(arguments[2]))) {
            bodies.add(
                    arguments[1].replace("%s", query.replace("\\", "\\\\").replace("\"", "\\\"")));
        }
        int clients = Integer.parseInt(arguments[3]);
        double seconds = Double.parseDouble(arguments[4]);
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        run(http, uri, bodies, clients, seconds / 5);
        long[] nanos = run(http, uri, bodies, clients, seconds);
        System.out.printf(
                Locale.ROOT,
                "%d clients: %.0f requests/s, p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms%n",
                clients,
                nanos.length / seconds,
                percentile(nanos, .5),
                percentile(nanos, .9),
                percentile(nanos, .99),
                percentile(nanos, 1));
    }

    /** The latencies in ascending order, in nanoseconds. */
    private static long[] run(
            HttpClient http, URI uri, List<String> bodies, int clients, double seconds)
            throws Exception {
        long end = System.nanoTime() + (long) (seconds * 1e9);
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        List<Future<List<Long>>> results = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            int first = client * bodies.size() / clients;
            results.add(threads.submit(() -> send(http, uri, bodies, first, end)));
        }
        threads.shutdown();
        List<Long> all = new ArrayList<>();
        for (Future<List<Long>> result : results) {
            all.addAll(result.get());
        }
        threads.awaitTermination(1, TimeUnit.MINUTES);
        return all.stream().mapToLong(Long::longValue).sorted().toArray();
    }

    private static List<Long> send(
            HttpClient http, URI uri, List<String> bodies, int first, long end)
            throws IOException, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        for (int i = first; System.nanoTime() < end; i++) {
            String body = bodies.get(i % bodies.size());
            long start = System.nanoTime();
            HttpResponse<byte[]> response =
                    http.send(
                            HttpRequest.newBuilder(uri)
                                    .header("Content-Type", "application/json")
                                    .POST(BodyPublishers.ofString(body))
                                    .build(),
                            BodyHandlers.ofByteArray());
            nanos.add(System.nanoTime() - start);
            if (response.statusCode() != 200) {
                throw new IOException(
                        "the server answered with "
                                + response.statusCode()
                                + " to "
                                + body
                                + ": "
                                + new String(response.body(), StandardCharsets.UTF_8));
            }
        }
        return nanos;
    }

    private static double percentile(long[] sorted, double fraction) {
        return sorted[(int) Math.min(sorted.length - 1, sorted.length * fraction)] / 1e6;
    }
}
