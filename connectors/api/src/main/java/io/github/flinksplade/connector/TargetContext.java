package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.api.connector.sink2.Sink;

/**
 * What the job tells a target.
 *
 * @param name unique and stable among the job's targets, over restarts too: base of uids and of
 *     transaction ids. Letters, digits and dashes
 * @param provenance what makes the vectors
 * @param vocabulary the terms behind the indices
 * @param deadLetters where a sink sends what only the target could refuse, from its post-commit
 *     topology
 */
public record TargetContext(
        String name, Provenance provenance, Vocabulary vocabulary, Sink<DeadLetter> deadLetters)
        implements Serializable {

    private static final long serialVersionUID = 1L;
}
