package io.github.flinksplade.connector;

import java.time.Instant;
import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The state of one Flink sink in a checkpoint, of all its subtasks.
 *
 * @param completedAt when the checkpoint was completed; with the clock of the file system that
 *     stores it
 * @param writers the states of the writers, as {@code
 *     SimpleVersionedSerialization.writeVersionAndSerialize} wrote them
 * @param committers the states of the committers, in the same form
 */
@PublicEvolving
public record SinkState(Instant completedAt, List<byte[]> writers, List<byte[]> committers) {

    public SinkState {
        writers = List.copyOf(writers);
        committers = List.copyOf(committers);
    }
}
