package io.github.flinksplade.connector;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Sends batches of changes to one server. All methods but those of the futures and {@link
 * #termsLeftOut} are called by one thread.
 *
 * @param <R> one change in the server's own form
 */
public interface BatchClient<R> extends AutoCloseable {

    /** The change in the server's form; encoded once, however often it is sent. */
    R request(VectorRecord record);

    /** Its size in bytes on the wire, or a little above. */
    long sizeInBytes(R request);

    /**
     * Sends a batch: at least one change, never two of one id. Returns at once.
     *
     * @return what became of each change, in their order. It fails with
     *     <ul>
     *       <li>{@link BatchRejectedException} when the server refused the batch because of
     *           something in it and did not say which: the halves are sent by themselves, and what
     *           is refused alone is rejected;
     *       <li>{@link ConnectorException} when sending it again cannot help (credentials, an index
     *           that is gone): the job fails with its message;
     *       <li>{@link RetryLaterException} when the server states when to send it again;
     *       <li>anything else when the server could not be reached, did not answer in time or
     *           failed: the batch is sent again later.
     *     </ul>
     */
    CompletableFuture<List<Outcome>> send(List<R> batch);

    /**
     * Terms that were left out of requests so far, because the server takes no more of them in one
     * vector; a metric, asked for by any thread.
     */
    default long termsLeftOut() {
        return 0;
    }

    @Override
    void close();
}
