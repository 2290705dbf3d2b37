package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.search.Searcher;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An index that is opened again after it was unavailable, or was replaced by one with another
 * model. Safe for use by multiple threads.
 */
final class ServedIndex implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServedIndex.class);

    /** Requests do not open an unavailable index more often. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final ConnectorUri uri;
    private final ServedModels models;

    // written under the lock of this, which opening the index keeps; reports read them without it
    private volatile Opened current;
    private volatile RuntimeException failure;
    private long failedNanos; // guarded by this
    private boolean closed; // guarded by this

    /** A searcher that is closed when it was replaced and its last user has released it. */
    private static final class Opened {
        final Searcher searcher;
        int users = 1; // the index itself

        Opened(Searcher searcher) {
            this.searcher = searcher;
        }
    }

    ServedIndex(String name, ConnectorUri uri, ServedModels models) {
        this.name = name;
        this.uri = uri;
        this.models = models;
    }

    String name() {
        return name;
    }

    ConnectorUri uri() {
        return uri;
    }

    /** Whether the index is open. */
    boolean isAvailable() {
        return current != null;
    }

    /** Why the index is not open; null if it is, or if it was not opened yet. */
    String failure() {
        RuntimeException cause = failure;
        return cause == null ? null : cause.getMessage();
    }

    /** Writes name, URI, state and, if it is open, the provenance of its vectors as JSON. */
    void describe(JsonGenerator json) throws IOException {
        Opened opened = current;
        String error = failure();
        json.writeStartObject();
        json.writeStringField("name", name);
        json.writeStringField("uri", uri.toString());
        json.writeBooleanField("available", opened != null);
        if (opened != null) {
            json.writeBooleanField("hybrid", opened.searcher.supportsHybrid());
            json.writeObjectFieldStart("provenance");
            for (Map.Entry<String, String> part : opened.searcher.provenance().toMap().entrySet()) {
                json.writeStringField(part.getKey(), part.getValue());
            }
            json.writeEndObject();
        } else if (error != null) {
            json.writeStringField("error", error);
        }
        json.writeEndObject();
    }

    /**
     * Applies a function to the open index, which it opens if necessary.
     *
     * @throws RequestException with the status 503 if the index or its model is unavailable
     */
    <T> T use(Function<Searcher, T> function) {
        Opened opened = acquire();
        try {
            return function.apply(opened.searcher);
        } finally {
            release(opened);
        }
    }

    /** The model of the queries. */
    BatchingEncoder encoder() {
        return use(searcher -> (BatchingEncoder) searcher.encoder());
    }

    /**
     * Searches.
     *
     * @throws RequestException with the status 503 if the index is unavailable, 422 if it does not
     *     support the request
     */
    SearchResult search(SearchRequest request) {
        Opened opened = acquire();
        try {
            return opened.searcher.search(request);
        } catch (UnreachableException e) {
            retire(opened, e);
            throw unavailable(e);
        } catch (ConnectorException e) {
            RuntimeException stale = staleness(opened);
            if (stale == null) {
                throw new RequestException(422, ErrorType.VALIDATION, e.getMessage(), e);
            }
            retire(opened, stale);
        } finally {
            release(opened);
        }
        // the index was replaced: with what it contains now
        return use(searcher -> searcher.search(request));
    }

    /**
     * Opens the index when the server starts. A server that is unreachable is contacted again
     * later.
     *
     * @throws ConnectorException if the index cannot be searched, for another reason
     * @throws ModelException if its model cannot be opened
     */
    void start() {
        try {
            release(acquire(0));
        } catch (RequestException e) {
            if (!(e.getCause() instanceof UnreachableException)) {
                throw failure;
            }
            LOG.warn(e.getMessage());
        }
    }

    /** Opens the index if it is unavailable, and again if it was replaced. */
    void check() {
        Opened opened;
        synchronized (this) {
            opened = current;
            if (opened != null) {
                opened.users++;
            }
        }
        try {
            if (opened != null) {
                RuntimeException stale = staleness(opened);
                if (stale == null) {
                    return;
                }
                retire(opened, stale);
            }
            release(acquire(0));
        } catch (RequestException e) {
            LOG.debug("the index {} is unavailable", name, e); // retire or open has logged it
        } finally {
            if (opened != null) {
                release(opened);
            }
        }
    }

    /** Why an open index cannot be used any more; null if it can. */
    private RuntimeException staleness(Opened opened) {
        try (SearchIndex fresh = Connectors.of(uri).index(uri)) {
            String before = opened.searcher.provenance().fingerprint();
            String now = fresh.provenance().fingerprint();
            return now.equals(before)
                    ? null
                    : new ConnectorException(
                            uri
                                    + " contains vectors of another model than before: "
                                    + fresh.provenance().model()
                                    + " (fingerprint "
                                    + now
                                    + "), not "
                                    + opened.searcher.provenance().model()
                                    + " ("
                                    + before
                                    + "). It is opened again");
        } catch (ConnectorException e) {
            return e;
        }
    }

    private Opened acquire() {
        return acquire(RETRY_NANOS);
    }

    private synchronized Opened acquire(long retryNanos) {
        if (closed) {
            throw unavailable(new ConnectorException("the server is stopping"));
        }
        if (current == null) {
            if (failure != null && System.nanoTime() - failedNanos < retryNanos) {
                throw unavailable(failure);
            }
            open();
        }
        current.users++;
        return current;
    }

    private void open() {
        try {
            current = new Opened(Searcher.open(uri, provenance -> models.of(uri, provenance)));
        } catch (ConnectorException | ModelException e) {
            RuntimeException known = failure;
            // the first failure is reported by start
            if (known != null && !known.getMessage().equals(e.getMessage())) {
                LOG.warn("the index {} is unavailable: {}", name, e.getMessage());
            }
            failure = e;
            failedNanos = System.nanoTime();
            throw unavailable(e);
        }
        if (failure != null) {
            LOG.warn(
                    "the index {} is available, with vectors of {}",
                    name,
                    current.searcher.provenance().model());
            failure = null;
        }
    }

    private synchronized void retire(Opened opened, RuntimeException cause) {
        if (current == opened) {
            LOG.warn("the index {} is opened again: {}", name, cause.getMessage());
            current = null;
            failure = cause;
            failedNanos = System.nanoTime() - RETRY_NANOS;
            release(opened);
        }
    }

    private synchronized void release(Opened opened) {
        if (--opened.users == 0) {
            opened.searcher.close();
        }
    }

    private RequestException unavailable(RuntimeException cause) {
        return new RequestException(
                503,
                ErrorType.UNHEALTHY,
                "the index " + name + " is unavailable: " + cause.getMessage(),
                cause);
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (current != null) {
            Opened opened = current;
            current = null;
            release(opened);
        }
    }
}
