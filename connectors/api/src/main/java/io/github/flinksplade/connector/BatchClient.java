package io.github.flinksplade.connector;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Sends batches of changes to one server. One thread calls all methods except {@link
 * #droppedTerms}.
 *
 * @param <R> a request: one change in the format of the server
 */
@PublicEvolving
public interface BatchClient<R> extends AutoCloseable {

    /** Converts a change, once, however often it is sent. */
    R request(VectorRecord record);

    /** The size of the request in bytes on the wire, or a little more. */
    long sizeInBytes(R request);

    /**
     * Sends a batch: at least one change, never two of one id. Does not block.
     *
     * @return the outcome of each change, in their order. It fails with
     *     <ul>
     *       <li>{@link BatchRejectedException} if the server rejects the batch because of one of
     *           its changes and does not report which: the batch is halved until a single change is
     *           rejected;
     *       <li>{@link ConnectorException} if a retry cannot succeed (invalid credentials, a
     *           deleted index): the job fails with its message;
     *       <li>{@link RetryLaterException} if the server states when to retry;
     *       <li>any other exception if the server is unreachable, does not respond in time or
     *           fails: the batch is retried.
     *     </ul>
     */
    CompletableFuture<List<Outcome>> send(List<R> batch);

    /**
     * The number of terms dropped so far because a vector had more than the server accepts. A
     * metric, read by any thread.
     */
    default long droppedTerms() {
        return 0;
    }

    @Override
    void close();
}
