package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** A target that is only checked is missing or empty: a job would create it. */
@PublicEvolving
public class TargetMissingException extends ConnectorException {

    /**
     * @param target the target, for the message: {@code the index in idx}
     */
    public TargetMissingException(String target) {
        super(target + " is missing or empty. The job creates it");
    }
}
