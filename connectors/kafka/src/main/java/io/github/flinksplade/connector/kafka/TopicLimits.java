package io.github.flinksplade.connector.kafka;

import java.io.Serializable;

/**
 * What a topic accepts, according to its configuration at start-up.
 *
 * @param maxMessageBytes the topic's {@code max.message.bytes}
 * @param timestampAheadMillis how far a timestamp may be in the future, the topic's {@code
 *     message.timestamp.after.max.ms}
 * @param timestampBehindMillis how far it may be in the past, {@code
 *     message.timestamp.before.max.ms}
 * @param isCompacted whether the topic keeps only the last record of each key
 */
record TopicLimits(
        int maxMessageBytes,
        long timestampAheadMillis,
        long timestampBehindMillis,
        boolean isCompacted)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Kafka's defaults, for brokers whose configuration cannot be read. */
    static final TopicLimits DEFAULT = new TopicLimits(1_048_588, 3_600_000, Long.MAX_VALUE, false);

    /** Whether the topic accepts this timestamp at this time, both in milliseconds. */
    boolean acceptsTimestamp(long timestamp, long now) {
        return timestamp - now <= timestampAheadMillis && now - timestamp <= timestampBehindMillis;
    }
}
