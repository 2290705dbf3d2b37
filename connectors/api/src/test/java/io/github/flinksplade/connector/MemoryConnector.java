package io.github.flinksplade.connector;

import io.github.flinksplade.connector.contract.FaultInjector;
import io.github.flinksplade.connector.contract.StoredDocument;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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
 * {@code memory:NAME?broken=FAULT}: a server that is a map in this process, which compares versions
 * and remembers deletes; or one with a defect, for the contract to find.
 */
public final class MemoryConnector implements Connector {

    /** The defects of a target. */
    enum Broken {
        NOTHING,
        /** Writes older changes over newer ones. */
        IGNORES_VERSIONS,
        /** Forgets a document together with its version. */
        FORGETS_DELETES,
        /** Reports a rejected change as written. */
        HIDES_REJECTIONS,
        /** Rejects all changes of a batch that contains an invalid one. */
        REJECTS_WHOLE_BATCH,
        /** Rejects a change that is stored already. */
        REJECTS_REPETITIONS,
        /** Does not retry throttled requests. */
        DROPS_THROTTLED,
        /** Writes over vectors of another model. */
        MIXES_MODELS,
        /** Writes weights with 9 significant bits. */
        ROUNDS_WEIGHTS,
        /** Keeps the fields of the first upsert of a document. */
        KEEPS_FIELDS,
        /** Does not escape ids in the URI of a delete, which loses what follows a #. */
        CUTS_DELETED_IDS,
        /** Waits for a response without a deadline. */
        NO_DEADLINE
    }

    private static final BatchOptions BATCHING = BatchOptions.of(16, 100_000, 3);
    private static final ConnectorOption<Broken> BROKEN =
            ConnectorOption.choice("broken", Broken.class, Broken.NOTHING, "its defect");
    private static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(List.of(BROKEN), 1_000, 1_000_000);

    private static final Map<String, MemoryServer> SERVERS = new ConcurrentHashMap<>();

    static MemoryServer server(String name) {
        return SERVERS.computeIfAbsent(name, unused -> new MemoryServer());
    }

    @Override
    public String scheme() {
        return "memory";
    }

    @Override
    public String usage() {
        return "memory:NAME is a target";
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
            String name, Broken broken, BatchOptions batching, ConnectionSettings connection)
            implements BatchVectorSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String identity() {
            return "memory:" + name;
        }

        @Override
        public BatchSink prepare(SinkContext context, StartMode start) {
            MemoryServer server = server(name);
            try {
                server.respond(broken, connection.requestTimeout()).join();
            } catch (CompletionException e) {
                throw new UnreachableException("memory:" + name + " is unavailable", e);
            }
            if (server.provenance == null) {
                start.requireMayCreate("memory:" + name);
                server.provenance = context.provenance();
            } else if (broken != Broken.MIXES_MODELS) {
                context.requireSameEncoder(
                        server.provenance, "memory:" + name, "write to another name");
            }
            return new Prepared(name, broken, batching, connection);
        }
    }

    private record Prepared(
            String name, Broken broken, BatchOptions batching, ConnectionSettings connection)
            implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public BatchClient<?> client() {
            return new MemoryClient(server(name), broken, connection.requestTimeout());
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
    static final class MemoryServer implements FaultInjector, SearchIndex {

        private final Map<String, VectorRecord> newest = new HashMap<>();
        private Provenance provenance;
        private boolean down;
        private boolean stalled;
        private int throttled;
        private String rejectedId;

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
            boolean bad = batch.stream().anyMatch(record -> record.id().equals(rejectedId));
            if (bad && broken == Broken.HIDES_REJECTIONS) {
                return batch.stream().map(record -> Outcome.written()).toList();
            }
            if (bad && broken == Broken.REJECTS_WHOLE_BATCH) {
                return batch.stream().map(record -> Outcome.rejected("bad batch")).toList();
            }
            if (bad) {
                throw new BatchRejectedException("a document of this batch cannot be parsed");
            }
            return batch.stream().map(record -> write(record, broken)).toList();
        }

        private Outcome write(VectorRecord requested, Broken broken) {
            VectorRecord record =
                    broken == Broken.CUTS_DELETED_IDS && requested.isDelete()
                            ? with(requested, requested.id().split("#")[0], requested.fields())
                            : requested;
            VectorRecord stored = newest.get(record.id());
            VectorRecord change =
                    broken == Broken.KEEPS_FIELDS
                                    && stored != null
                                    && !stored.isDelete()
                                    && !record.isDelete()
                            ? with(record, record.id(), stored.fields())
                            : record;
            if (record.version() == VectorRecord.NO_VERSION && stored != null) {
                change = VectorRecord.delete(record.id(), stored.version(), record.origin());
            }
            if (broken == Broken.REJECTS_REPETITIONS
                    && stored != null
                    && stored.order() == change.order()) {
                return Outcome.rejected("version conflict");
            }
            if (broken != Broken.IGNORES_VERSIONS
                    && stored != null
                    && stored.order() > change.order()) {
                return Outcome.superseded();
            }
            newest.put(record.id(), change);
            if (broken == Broken.FORGETS_DELETES && change.isDelete()) {
                newest.remove(record.id());
            }
            return Outcome.written();
        }

        private static VectorRecord with(VectorRecord record, String id, String fields) {
            return new VectorRecord(
                    id,
                    record.operation(),
                    record.version(),
                    record.text(),
                    fields,
                    record.vector(),
                    record.tokens(),
                    record.truncated(),
                    record.origin());
        }

        synchronized Map<String, StoredDocument> stored(Broken broken) {
            Map<String, StoredDocument> documents = new TreeMap<>();
            for (VectorRecord record : newest.values()) {
                if (!record.isDelete()) {
                    float[] values = record.vector().values().clone();
                    for (int i = 0; i < values.length && broken == Broken.ROUNDS_WEIGHTS; i++) {
                        values[i] = Float.intBitsToFloat(Float.floatToIntBits(values[i]) & ~0x7fff);
                    }
                    documents.put(
                            record.id(),
                            new StoredDocument(
                                    record.vector().indices(),
                                    values,
                                    record.text(),
                                    record.fields()));
                }
            }
            return documents;
        }

        /** Completes when the server responds, or at the deadline of the client. */
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
        public synchronized void reject(String id) {
            rejectedId = id;
        }

        @Override
        public Provenance provenance() {
            return provenance;
        }

        @Override
        public synchronized List<Hit> search(Query requested) {
            Query query = requested;
            List<VectorRecord> documents =
                    newest.values().stream().filter(record -> !record.isDelete()).toList();
            if (requested.idf()) {
                long[] frequencies = new long[requested.vector().indices().length];
                for (int i = 0; i < frequencies.length; i++) {
                    Query one =
                            new Query(
                                    new SparseVector(
                                            new int[] {requested.vector().indices()[i]},
                                            new float[] {1}),
                                    1,
                                    false);
                    frequencies[i] =
                            documents.stream()
                                    .filter(r -> one.vector().dot(r.vector()) > 0)
                                    .count();
                }
                query = requested.weighted(documents.size(), frequencies);
            }
            List<Hit> hits = new ArrayList<>();
            for (VectorRecord record : documents) {
                Hit hit = query.hit(record.id(), record.text(), record.fields(), record.vector());
                if (hit.score() > 0 && matches(record, query.filter())) {
                    hits.add(hit);
                }
            }
            hits.sort(Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id));
            return hits.subList(0, Math.min(requested.k(), hits.size()));
        }

        private static boolean matches(VectorRecord record, FieldFilter filter) {
            return FieldTerms.of(filter).stream()
                    .noneMatch(
                            terms -> Collections.disjoint(terms, FieldTerms.of(record.fields())));
        }

        @Override
        public void close() {}
    }
}
