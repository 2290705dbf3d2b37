package io.github.flinksplade.connector.kafka;

import java.io.Serializable;

/**
 * What a topic accepts, as its broker said at start-up.
 *
 * @param maxMessageBytes the topic's {@code max.message.bytes}
 * @param timestampAheadMillis how far a timestamp may lie in the future, the topic's {@code
 *     message.timestamp.after.max.ms}
 * @param timestampBehindMillis how far it may lie in the past, {@code
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

    /** Kafka's defaults, for brokers that do not tell. */
    static final TopicLimits DEFAULT = new TopicLimits(1_048_588, 3_600_000, Long.MAX_VALUE, false);

    /** Whether the topic takes a record of this timestamp at this time, both in milliseconds. */
    boolean acceptsTimestamp(long timestamp, long now) {
        return timestamp - now <= timestampAheadMillis && now - timestamp <= timestampBehindMillis;
    }
}
