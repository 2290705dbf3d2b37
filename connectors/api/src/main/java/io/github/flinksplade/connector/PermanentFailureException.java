package io.github.flinksplade.connector;

import org.apache.flink.runtime.throwable.ThrowableAnnotation;
import org.apache.flink.runtime.throwable.ThrowableType;

/**
 * A failure of a running job that no restart can cure, such as a damaged file: the job fails at
 * once, whatever its restart strategy is.
 */
@ThrowableAnnotation(ThrowableType.NonRecoverableError)
public class PermanentFailureException extends ConnectorException {

    private static final long serialVersionUID = 1L;

    public PermanentFailureException(String message) {
        super(message);
    }

    public PermanentFailureException(String message, Throwable cause) {
        super(message, cause);
    }
}
