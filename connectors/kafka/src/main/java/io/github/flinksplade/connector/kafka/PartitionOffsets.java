package io.github.flinksplade.connector.kafka;

import java.io.Serializable;

/**
 * The offsets that a partition of a topic has.
 *
 * @param partition its number
 * @param begin the first offset
 * @param end the offset after the last
 */
record PartitionOffsets(int partition, long begin, long end) implements Serializable {

    private static final long serialVersionUID = 1L;
}
