package io.github.flinksplade.app;

/** The job ended with a failure; the cause is what Flink reported. */
final class JobFailedException extends Exception {

    private static final long serialVersionUID = 1L;

    JobFailedException(Throwable cause) {
        super("the job failed", cause);
    }
}
