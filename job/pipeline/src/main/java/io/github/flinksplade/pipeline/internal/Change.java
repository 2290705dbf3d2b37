package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;

/**
 * What the gate lets pass.
 *
 * @param explicit whether the version is the document's own
 * @param again whether a change of this version may have been sent before and is to be sent again
 * @param work what is to be done about the vector
 * @param sequence counts what the gate has let pass for this id, from 1, without gaps
 * @param textHash hash of the text, null for a delete
 */
public record Change(
        String id,
        Operation operation,
        boolean explicit,
        long version,
        boolean again,
        Work work,
        long sequence,
        byte[] textHash,
        String text,
        String fields,
        SourceRecord origin) {

    /** What a change needs before it can be sent. */
    public enum Work {
        /** Inference. */
        ENCODE,
        /** The vector sent last. */
        REUSE,
        /** Nothing: a delete. */
        NONE
    }

    boolean isDelete() {
        return operation == Operation.DELETE;
    }
}
