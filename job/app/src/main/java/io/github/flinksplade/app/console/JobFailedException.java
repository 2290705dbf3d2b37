package io.github.flinksplade.app.console;

/** A Flink job failed; the cause is what Flink reported. */
public final class JobFailedException extends Exception {

    private static final long serialVersionUID = 1L;

    public JobFailedException(Throwable cause) {
        super("the job failed", cause);
    }
}
