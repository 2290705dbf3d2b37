package io.github.flinksplade.connector;

import io.github.flinksplade.connector.contract.Faults;
import io.github.flinksplade.connector.contract.Held;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * {@code memory:PLACE?broken=FAULT}: a server that is a map in this process, with versions that are
 * compared and deletes that are remembered; or that does one thing wrong, for the contract to find.
 */
public final class MemoryConnector implements Connector {

    /** What a target can do wrong. */
    enum Broken {
        NOTHING,
        /** Writes whatever comes, older or not. */
        NO_GUARD,
        /** Forgets a document together with its version. */
        FORGETS_DELETES,
        /** Says that a refused change is written. */
        SWALLOWS_REFUSALS,
        /** Makes a refusal of everything in a batch that has a bad change in it. */
        REFUSES_NEIGHBOURS,
        /** Calls what it holds already an error. */
        REFUSES_REPETITIONS,
        /** Does not send again what there was no time for. */
        DROPS_THROTTLED,
        /** Writes over vectors of another model. */
        MIXES_MODELS,
        /** Writes weights with 9 significant bits. */
        ROUNDS_WEIGHTS,
        /** Waits for a response without a deadline. */
        NO_DEADLINE
    }

    private static final BatchOptions BATCHING = BatchOptions.of(16, 100_000, 3);
    private static final ConnectorOption<Broken> BROKEN =
            ConnectorOption.choice("broken", Broken.class, Broken.NOTHING, "its defect");
    private static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(List.of(BROKEN), 1_000, 1_000_000);

    private static final Map<String, MemoryServer> SERVERS = new ConcurrentHashMap<>();

    static MemoryServer server(String place) {
        return SERVERS.computeIfAbsent(place, name -> new MemoryServer());
    }

    @Override
    public String scheme() {
        return "memory";
    }

    @Override
    public String usage() {
        return "memory:PLACE is a target";
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        return new MemorySink(
                uri.location(),
                BROKEN.get(uri),
                BATCHING.with(uri, 1_000, 1_000_000),
                ConnectionSettings.of(uri, false));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return server(uri.location());
    }

    private record MemorySink(
            String place, Broken broken, BatchOptions batching, ConnectionSettings connection)
            implements BatchVectorSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String identity() {
            return "memory:" + place;
        }

        @Override
        public BatchSink prepare(SinkContext context, StartMode start) {
            MemoryServer server = server(place);
            try {
                server.respond(broken, connection.requestTimeout()).join();
            } catch (CompletionException e) {
                throw new UnreachableException("memory:" + place + " is unavailable", e);
            }
            if (server.provenance == null) {
                start.createEmpty("memory:" + place);
                server.provenance = context.provenance();
            } else if (broken != Broken.MIXES_MODELS) {
                context.requireSameEncoder(server.provenance, "memory:" + place, "name another");
            }
            return new Prepared(place, broken, batching, connection);
        }
    }

    private record Prepared(
            String place, Broken broken, BatchOptions batching, ConnectionSettings connection)
            implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public BatchClient<?> client() {
            return new MemoryClient(server(place), broken, connection.requestTimeout());
        }
    }

    private record MemoryClient(MemoryServer server, Broken broken, Duration requestTimeout)
            implements BatchClient<VectorRecord> {

        @Override
        public VectorRecord request(VectorRecord record) {
            return record;
        }

        @Override
        public long sizeInBytes(VectorRecord record) {
            return record.isDelete() ? 20 : 100 + 8L * record.vector().indices().length;
        }

        @Override
        public CompletableFuture<List<Outcome>> send(List<VectorRecord> batch) {
            return server.respond(broken, requestTimeout)
                    .thenApplyAsync(
                            up -> {
                                try {
                                    return server.write(batch, broken);
                                } catch (IOException e) {
                                    throw new CompletionException(e);
                                }
                            });
        }

        @Override
        public void close() {}
    }

    /** The server. */
    static final class MemoryServer implements Faults, SearchIndex {

        private final Map<String, VectorRecord> newest = new HashMap<>();
        private Provenance provenance;
        private boolean down;
        private boolean stalled;
        private int throttled;
        private String refused;

        synchronized List<Outcome> write(List<VectorRecord> batch, Broken broken)
                throws IOException {
            if (throttled > 0) {
                throttled--;
                return batch.stream()
                        .map(
                                record ->
                                        broken == Broken.DROPS_THROTTLED
                                                ? Outcome.written()
                                                : Outcome.retry("429 too many requests"))
                        .toList();
            }
            boolean bad = batch.stream().anyMatch(record -> record.id().equals(refused));
            if (bad && broken == Broken.SWALLOWS_REFUSALS) {
                return batch.stream().map(record -> Outcome.written()).toList();
            }
            if (bad && broken == Broken.REFUSES_NEIGHBOURS) {
                return batch.stream().map(record -> Outcome.rejected("bad batch")).toList();
            }
            if (bad) {
                throw new BatchRejectedException("a document of this batch cannot be parsed");
            }
            return batch.stream().map(record -> write(record, broken)).toList();
        }

        private Outcome write(VectorRecord record, Broken broken) {
            VectorRecord held = newest.get(record.id());
            VectorRecord change = record;
            if (record.version() == VectorRecord.NO_VERSION && held != null) {
                change =
                        new VectorRecord(
                                record.id(),
                                Operation.DELETE,
                                held.version(),
                                null,
                                null,
                                null,
                                0,
                                false,
                                record.origin());
            }
            if (broken == Broken.REFUSES_REPETITIONS
                    && held != null
                    && held.order() == change.order()) {
                return Outcome.rejected("version conflict");
            }
            if (broken != Broken.NO_GUARD && held != null && held.order() > change.order()) {
                return Outcome.superseded();
            }
            newest.put(record.id(), change);
            if (broken == Broken.FORGETS_DELETES && change.isDelete()) {
                newest.remove(record.id());
            }
            return Outcome.written();
        }

        synchronized Map<String, Held> held(Broken broken) {
            Map<String, Held> held = new TreeMap<>();
            for (VectorRecord record : newest.values()) {
                if (!record.isDelete()) {
                    float[] values = record.vector().values().clone();
                    for (int i = 0; i < values.length && broken == Broken.ROUNDS_WEIGHTS; i++) {
                        values[i] = Float.intBitsToFloat(Float.floatToIntBits(values[i]) & ~0x7fff);
                    }
                    held.put(
                            record.id(),
                            new Held(
                                    record.vector().indices(),
                                    values,
                                    record.text(),
                                    record.fields()));
                }
            }
            return held;
        }

        /** Completes when the server answers; the client gives up at its deadline. */
        synchronized CompletableFuture<Void> respond(Broken broken, Duration timeout) {
            if (down) {
                return CompletableFuture.failedFuture(new IOException("connection refused"));
            }
            if (!stalled) {
                return CompletableFuture.completedFuture(null);
            }
            CompletableFuture<Void> never = new CompletableFuture<>();
            return broken == Broken.NO_DEADLINE
                    ? never
                    : never.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
        }

        @Override
        public synchronized void stall() {
            stalled = true;
        }

        @Override
        public synchronized void down() {
            down = true;
        }

        @Override
        public synchronized void up() {
            down = false;
            stalled = false;
        }

        @Override
        public synchronized void throttle(int requests) {
            throttled = requests;
        }

        @Override
        public synchronized void refuse(String id) {
            refused = id;
        }

        @Override
        public Provenance provenance() {
            return provenance;
        }

        @Override
        public synchronized List<Hit> search(Query asked) {
            Query query = asked;
            if (asked.idf()) {
                long[] frequencies = new long[asked.vector().indices().length];
                for (int i = 0; i < frequencies.length; i++) {
                    Query one =
                            new Query(
                                    new SparseVector(
                                            new int[] {asked.vector().indices()[i]},
                                            new float[] {1}),
                                    1,
                                    false);
                    frequencies[i] =
                            newest.values().stream()
                                    .filter(record -> !record.isDelete())
                                    .filter(r -> one.vector().dot(r.vector()) > 0)
                                    .count();
                }
                query = asked.weighted(newest.size(), frequencies);
            }
            List<Hit> hits = new ArrayList<>();
            for (VectorRecord record : newest.values()) {
                Hit hit = query.hit(record.id(), record.text(), record.fields(), record.vector());
                if (hit.score() > 0) {
                    hits.add(hit);
                }
            }
            hits.sort(Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id));
            return hits.subList(0, Math.min(asked.k(), hits.size()));
        }

        @Override
        public void close() {}
    }
}
