package io.github.flinksplade.connector;

import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The size of batches, and what happens while the server is unavailable.
 *
 * @param records max number of changes in a batch
 * @param bytes max number of bytes in a batch; a larger change is sent in a batch of its own
 * @param inFlight max number of batches in flight, in each subtask
 * @param outage what happens when the server stays unavailable
 * @param outageAfter how long it must be unavailable for {@link Outage#DEAD_LETTERS}
 */
@PublicEvolving
public record BatchOptions(
        int records, long bytes, int inFlight, Outage outage, Duration outageAfter)
        implements Serializable {

    /** What happens when a server is unavailable for longer than {@code outageAfter}. */
    public enum Outage {
        /** The job waits. */
        WAIT,
        /**
         * Changes become dead letters of this sink, so that the other sinks continue. Each later
         * batch is sent once, and the first that succeeds ends the outage.
         */
        DEAD_LETTERS;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    private static final Duration MAX_OUTAGE = Duration.ofDays(10);
    private static final ConnectorOption<Outage> OUTAGE =
            ConnectorOption.choice(
                    "outage",
                    Outage.class,
                    Outage.WAIT,
                    "what happens while the server is unavailable: `wait`, or after `outage-after`"
                            + " send changes to the dead-letter queue (`dead-letters`), so that"
                            + " other sinks continue");
    private static final ConnectorOption<Duration> OUTAGE_AFTER =
            ConnectorOption.duration(
                    "outage-after",
                    Duration.ofMinutes(1),
                    Duration.ZERO,
                    MAX_OUTAGE,
                    "see `outage`");

    public BatchOptions {
        if (records < 1 || bytes < 1 || inFlight < 1 || outageAfter.isNegative()) {
            throw new IllegalArgumentException(
                    "batches need at least 1 record, 1 byte and 1 request in flight, and outageAfter must"
                            + " not be negative, but they are "
                            + records
                            + ", "
                            + bytes
                            + ", "
                            + inFlight
                            + " and "
                            + outageAfter);
        }
    }

    /** Max changes and bytes of a batch and batches in flight; waits for an unavailable server. */
    public static BatchOptions of(int records, long bytes, int inFlight) {
        return new BatchOptions(records, bytes, inFlight, Outage.WAIT, Duration.ofMinutes(1));
    }

    /**
     * A connector's own options and those of batches, with these limits as their defaults.
     *
     * @param maxRecords the max that {@code batch-records} may be set to
     * @param maxBytes the max that {@code batch-bytes} may be set to
     */
    public List<ConnectorOption<?>> options(
            List<ConnectorOption<?>> own, int maxRecords, long maxBytes) {
        List<ConnectorOption<?>> options = new ArrayList<>(own);
        options.add(recordsOption(maxRecords));
        options.add(bytesOption(maxBytes));
        options.add(inFlightOption());
        options.add(OUTAGE);
        options.add(OUTAGE_AFTER);
        options.add(ConnectionSettings.REQUEST_TIMEOUT);
        return List.copyOf(options);
    }

    /** The batches that a URI configures; the same limits as in {@link #options}. */
    public BatchOptions with(ConnectorUri uri, int maxRecords, long maxBytes) {
        return new BatchOptions(
                recordsOption(maxRecords).get(uri).intValue(),
                bytesOption(maxBytes).get(uri),
                inFlightOption().get(uri).intValue(),
                OUTAGE.get(uri),
                OUTAGE_AFTER.get(uri));
    }

    private ConnectorOption<Long> recordsOption(int max) {
        return ConnectorOption.number(
                "batch-records", records, 1, max, "max number of changes in a request");
    }

    private ConnectorOption<Long> bytesOption(long max) {
        return ConnectorOption.size("batch-bytes", bytes, 1, max, "max size of a request");
    }

    private ConnectorOption<Long> inFlightOption() {
        return ConnectorOption.number(
                "in-flight", inFlight, 1, 1_000, "requests in flight at once, in each subtask");
    }
}
