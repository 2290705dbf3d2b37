package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** How a job starts with a target. */
@PublicEvolving
public enum StartMode {
    /** The job has no state: it has not written to the target before. */
    NEW,
    /**
     * The job has written to it before and writes everything again: a missing target is created.
     */
    REINDEX,
    /**
     * The job has written to it before and does not write that again: a missing target must not be
     * created, because everything written before would be missing from it.
     */
    RESUME,
    /**
     * Whether the job has state is not known where it is submitted, as when a JobManager with high
     * availability starts. A missing target is created and an existing one is accepted; the tasks,
     * which know whether they were restored, prepare it again as {@link #NEW} or {@link #RESUME}.
     */
    UNKNOWN,
    /**
     * The job does not start: its target is only checked. Nothing is created or changed, and a
     * missing target is reported with a {@link TargetMissingException}.
     */
    CHECK;

    /** Whether the target may be changed. */
    public boolean mayWrite() {
        return this != CHECK;
    }

    /**
     * Must be called before an empty target is created or used.
     *
     * @param target the missing or empty target, for the message: {@code the index in idx}
     * @throws ConnectorException if the job resumes
     * @throws TargetMissingException if targets are only checked
     */
    public void requireMayCreate(String target) {
        if (this == CHECK) {
            throw new TargetMissingException(target);
        }
        if (this == RESUME) {
            throw new ConnectorException(
                    target
                            + " is missing or empty, but this job resumes and would not write again"
                            + " what it has already written. Restore it, or run the job with"
                            + " --reindex to rebuild it.");
        }
    }
}
