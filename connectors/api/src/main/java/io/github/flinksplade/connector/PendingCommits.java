package io.github.flinksplade.connector;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Commits what a sink wrote before a checkpoint, while its job is down. For sinks whose uncommitted
 * writes are lost if the job is down for too long ({@link Connector#commitsExpire}).
 */
@PublicEvolving
public interface PendingCommits extends AutoCloseable {

    /** What became of a transaction that a checkpoint contains. */
    enum Outcome {
        /** It was open, and is committed now. */
        COMMITTED,
        /** It was committed before. */
        ALREADY_COMMITTED,
        /** It was aborted: what it wrote is lost. */
        LOST,
        /** The server no longer knows it. */
        UNKNOWN
    }

    /**
     * A transaction that a checkpoint contains.
     *
     * @param id its name on the server
     * @param records the number of records that it wrote to each partition; empty if it was
     *     committed before or is unknown
     */
    record Transaction(String id, Outcome outcome, SortedMap<Integer, Long> records) {

        public Transaction {
            records = Collections.unmodifiableSortedMap(new TreeMap<>(records));
        }
    }

    /**
     * The outcome of {@link #commit}.
     *
     * @param transactions the transactions of the checkpoint
     * @param aborted number of transactions that were opened after the checkpoint and are aborted
     *     now
     * @param open number of transactions that were opened after the checkpoint and are still open
     */
    record Result(List<Transaction> transactions, int aborted, int open) {

        public Result {
            transactions = List.copyOf(transactions);
        }
    }

    /**
     * The sink's {@link VectorSink#identity}.
     *
     * @throws UnreachableException if the server is unavailable
     */
    String identity();

    /**
     * A description of what the job's writers do. It changes while the job writes or completes
     * checkpoints, and is stable while the job is down.
     *
     * @throws UnreachableException if the server is unavailable
     */
    String activity(SinkState state);

    /**
     * Commits the transactions of a checkpoint that are open, and determines the outcome of the
     * others. Idempotent. The job must be down. It can then resume from this checkpoint or a newer
     * one; an older one would write the same changes again.
     *
     * @param abortsOthers whether to abort the transactions that the job opened after the
     *     checkpoint: it would abort them when it resumes from the checkpoint. Only valid for the
     *     job's newest checkpoint
     * @throws UnreachableException if the server is unavailable; the call can be repeated
     * @throws ConnectorException if the state is not one of this sink, or the server rejects the
     *     user
     */
    Result commit(SinkState state, boolean abortsOthers);

    @Override
    void close();
}
