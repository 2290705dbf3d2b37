package io.github.flinksplade.evaluation;

/** Invalid input of an evaluation. The message states what is wrong, the value and what to do. */
public final class EvaluationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public EvaluationException(String message) {
        super(message);
    }

    public EvaluationException(String message, Throwable cause) {
        super(message, cause);
    }
}
