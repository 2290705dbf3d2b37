package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;

/**
 * Fails the job if none of the first records of a source has the configured fields: the mapping is
 * wrong, and all other records would become dead letters, too.
 */
final class MappingCheck {

    /** Number of records after which a mapping that fits none of them is wrong. */
    static final int RECORDS = 100;

    private boolean isDone;
    private int rejected;

    /**
     * @param isRestored whether the job has read records before
     */
    MappingCheck(boolean isRestored) {
        isDone = isRestored;
    }

    void accepted() {
        isDone = true;
    }

    /**
     * @throws PermanentFailureException if no record had the configured fields
     */
    void rejected(SourceRecord record, InvalidRecordException reason) {
        if (isDone) {
            return;
        }
        if (reason.reason() != Reason.TEXT && reason.reason() != Reason.ID) {
            isDone = true;
        } else if (++rejected == RECORDS) {
            throw new PermanentFailureException(
                    "none of the first "
                            + RECORDS
                            + " records of "
                            + record.source()
                            + " is a document: "
                            + reason.getMessage()
                            + ". "
                            + reason.reason().hint(),
                    reason);
        }
    }
}
