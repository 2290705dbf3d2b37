package io.github.flinksplade.connector;

import java.io.Serializable;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * How changes are gathered into batches, and what happens while the server is away.
 *
 * @param records most changes in a batch
 * @param bytes most bytes in a batch. A change larger than this goes alone
 * @param inFlight most batches under way at once, in each subtask
 * @param outage what happens when the server stays away
 * @param outageAfter how long it has to be away for {@link Outage#DEAD_LETTERS}
 */
public record BatchOptions(
        int records, long bytes, int inFlight, Outage outage, Duration outageAfter)
        implements Serializable {

    /** What happens when a server cannot be reached, or is too busy, for longer. */
    public enum Outage {
        /** The job waits; nothing is lost, and nothing goes on. */
        WAIT,
        /**
         * Changes become dead letters of this target, so that the others go on. Each later batch is
         * tried once, and the first that succeeds ends it.
         */
        DEAD_LETTERS
    }

    private static final String RECORDS = "batch-records";
    private static final String BYTES = "batch-bytes";
    private static final String IN_FLIGHT = "in-flight";
    private static final String OUTAGE = "outage";
    private static final String OUTAGE_AFTER = "outage-after";

    private static final Duration MAX_OUTAGE = Duration.ofDays(10);

    public BatchOptions {
        if (records < 1 || bytes < 1 || inFlight < 1 || outageAfter.isNegative()) {
            throw new IllegalArgumentException("no batches with " + records + ", " + bytes);
        }
    }

    /** Changes in a batch, bytes, batches at once; waits while the server is away. */
    public static BatchOptions of(int records, long bytes, int inFlight) {
        return new BatchOptions(records, bytes, inFlight, Outage.WAIT, Duration.ofMinutes(1));
    }

    /**
     * What an address says, else these; a limit may be lowered but not raised above {@code most}.
     */
    public BatchOptions with(ConnectorUri uri, int mostRecords, long mostBytes) {
        return new BatchOptions(
                (int) uri.number(RECORDS, records, 1, mostRecords),
                uri.size(BYTES, bytes, 1, mostBytes),
                (int) uri.number(IN_FLIGHT, inFlight, 1, 1_000),
                outage(uri),
                uri.duration(OUTAGE_AFTER, outageAfter, Duration.ZERO, MAX_OUTAGE));
    }

    private Outage outage(ConnectorUri uri) {
        String value = uri.option(OUTAGE);
        if (value == null) {
            return outage;
        }
        return switch (value) {
            case "wait" -> Outage.WAIT;
            case "dead-letters" -> Outage.DEAD_LETTERS;
            default ->
                    throw new ConnectorException(
                            OUTAGE + "=" + value + " in " + uri + ": write wait or dead-letters");
        };
    }

    /**
     * The names of a connector's own options, those that {@link #with} reads, and {@link
     * ConnectionSettings#REQUEST_TIMEOUT}.
     */
    public static String[] optionsAnd(String... own) {
        return Stream.concat(
                        Stream.of(own),
                        Stream.of(
                                RECORDS,
                                BYTES,
                                IN_FLIGHT,
                                OUTAGE,
                                OUTAGE_AFTER,
                                ConnectionSettings.REQUEST_TIMEOUT))
                .toArray(String[]::new);
    }
}
