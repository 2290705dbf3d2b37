package io.github.flinksplade.pipeline;

import org.apache.flink.runtime.throwable.ThrowableAnnotation;
import org.apache.flink.runtime.throwable.ThrowableType;

/**
 * A job has more dead letters than {@link PipelineOptions#maxDeadLetters()} allows. Flink does not
 * restart the job, because it would read the same records again. The message states the reasons and
 * what to do.
 */
@ThrowableAnnotation(ThrowableType.NonRecoverableError)
public class TooManyDeadLettersException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public TooManyDeadLettersException(String message) {
        super(message);
    }
}
