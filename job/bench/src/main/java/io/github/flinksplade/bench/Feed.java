package io.github.flinksplade.bench;

import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;

/**
 * Provides documents to a job in this process, and receives the ids of the vectors that arrive. The
 * job's source and sink look it up by name, because Flink serializes them.
 */
abstract class Feed implements AutoCloseable {

    private static final Map<String, Feed> OPEN = new ConcurrentHashMap<>();

    private final String name;
    private volatile String rejection;

    Feed(String name) {
        this.name = name;
        if (OPEN.putIfAbsent(name, this) != null) {
            throw new IllegalStateException("a feed named " + name + " already exists");
        }
    }

    static Feed open(String name) {
        Feed feed = OPEN.get(name);
        if (feed == null) {
            throw new IllegalStateException("no feed named " + name + " is open");
        }
        return feed;
    }

    /** For the source: the next record, or null if none is available. */
    abstract SourceRecord poll();

    /** For the source: completed when {@link #poll} may return a record. */
    abstract CompletableFuture<Void> available();

    /** For the sink: the vector of a document has arrived. */
    abstract void arrive(String id);

    /** For the dead letters: a document will not arrive. */
    final void reject(String reason) {
        rejection = reason;
    }

    /**
     * Checks that documents can still arrive.
     *
     * @param job completed when the job ends, which must not happen before
     * @throws IOException when a document became a dead letter, or the job ended
     */
    final void requireRunning(Future<?> job) throws IOException {
        if (rejection != null) {
            throw new IOException(rejection);
        }
        if (job.isDone()) {
            throw new IOException("the job ended before all documents arrived");
        }
    }

    @Override
    public final void close() {
        OPEN.remove(name, this);
    }
}
