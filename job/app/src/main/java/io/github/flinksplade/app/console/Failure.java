package io.github.flinksplade.app.console;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.evaluation.EvaluationException;
import io.github.flinksplade.pipeline.TooManyDeadLettersException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.flink.runtime.checkpoint.CheckpointFailureReason;

/**
 * How a failure is reported to the user.
 *
 * @param exitCode one of {@link ExitCode}
 * @param message one sentence, without the names of exceptions
 */
public record Failure(int exitCode, String message) {

    private static final Pattern DISK_FULL =
            Pattern.compile(
                    "No space left on device|File too large|Disk quota exceeded"
                            + "|not enough space on the disk",
                    Pattern.CASE_INSENSITIVE);
    private static final Pattern NOEXEC_MOUNT =
            Pattern.compile("failed to map segment|[Oo]peration not permitted");
    private static final int MAX_LENGTH = 600;
    private static final Pattern JSON_PATH =
            Pattern.compile("\\s*\\(through reference chain: [^)]*\\)");
    private static final Pattern JSON_LOCATION =
            Pattern.compile(
                    "\\s*at \\[Source: .*?; line: (\\d+), column: (\\d+)\\]", Pattern.DOTALL);
    private static final String CLASS_NAME =
            "\\b(?:org|com|io|net|java|javax|jdk|sun)\\.(?:[a-z][a-z0-9_]*\\.)+(?:[A-Z]\\w*[.$])*([A-Z]\\w*)";
    private static final Pattern CLASS_BEFORE_MESSAGE =
            Pattern.compile(
                    "(?:\\b(?:org|com|io|net|java|javax|jdk|sun)\\.(?:[a-z][a-z0-9_]*\\.)+[\\w$.]*?(?:Exception|Error|Throwable):\\s*)+");
    private static final Pattern CLASS = Pattern.compile(CLASS_NAME);

    /**
     * Finds the message in a chain of causes. In this order: the outermost exception of this
     * program; a known environment problem (disk, memory, native libraries); a connector's
     * explanation of its library's exception; the innermost I/O exception. Anything else is an
     * internal error.
     */
    public static Failure of(Throwable failure) {
        List<Throwable> chain = chain(failure);
        for (Throwable link : chain) {
            if (link instanceof UserException user) {
                return new Failure(user.exitCode(), oneLine(link.getMessage()));
            }
            if (link instanceof ConnectorException
                    || link instanceof ModelException
                    || link instanceof EncodingException
                    || link instanceof EvaluationException
                    || link instanceof TooManyDeadLettersException) {
                return new Failure(
                        link instanceof UnreachableException
                                ? ExitCode.UNAVAILABLE
                                : ExitCode.INPUT,
                        oneLine(link.getMessage()));
            }
        }
        for (Throwable link : chain) {
            if (link.getMessage() != null && DISK_FULL.matcher(link.getMessage()).find()) {
                return new Failure(
                        ExitCode.INPUT, "cannot write: " + oneLine(fileMessage(link)) + ADVICE);
            }
            if (link.getMessage() != null
                    && link.getMessage()
                            .contains(CheckpointFailureReason.CHECKPOINT_EXPIRED.message())) {
                return new Failure(ExitCode.INPUT, CHECKPOINT_EXPIRED);
            }
            if (link instanceof UnsatisfiedLinkError && NOEXEC_MOUNT.matcher(text(link)).find()) {
                return new Failure(
                        ExitCode.INPUT,
                        "a native library cannot be loaded: "
                                + nativeDirectory(text(link))
                                + " is on a file system mounted noexec. Choose another directory"
                                + " with FLINK_SPLADE_JAVA_OPTS=-Djava.io.tmpdir=DIR");
            }
            if (link instanceof OutOfMemoryError) {
                return new Failure(
                        ExitCode.INPUT,
                        "out of memory ("
                                + oneLine(link.getMessage())
                                + "). Increase the heap with FLINK_SPLADE_JAVA_OPTS=-Xmx4g");
            }
        }
        for (Connector connector : Connectors.all().values()) {
            for (Throwable link : chain) {
                String sentence = connector.explain(link);
                if (sentence != null) {
                    return new Failure(ExitCode.INPUT, oneLine(sentence));
                }
            }
        }
        Collections.reverse(chain);
        for (Throwable link : chain) {
            if (link instanceof FileSystemException) {
                return new Failure(ExitCode.INPUT, oneLine(fileMessage(link)));
            }
        }
        for (Throwable link : chain) {
            if (link instanceof IOException && link.getMessage() != null) {
                return new Failure(ExitCode.INPUT, oneLine(withoutLibraries(link.getMessage())));
            }
        }
        return new Failure(
                ExitCode.INTERNAL,
                "internal error in flink-splade: "
                        + oneLine(withoutLibraries(chain.get(0).getMessage()))
                        + ". Run it again with --verbose for the details");
    }

    private static String text(Throwable link) {
        return String.valueOf(link.getMessage());
    }

    /** The directory in "/dir/lib.so: /dir/lib.so: failed to map segment from shared object". */
    private static String nativeDirectory(String message) {
        int end = message.indexOf(": ");
        int slash = message.lastIndexOf('/', Math.max(end, 0));
        return slash > 0 ? message.substring(0, slash) : System.getProperty("java.io.tmpdir");
    }

    private static final String CHECKPOINT_EXPIRED =
            "a checkpoint took longer than execution.checkpointing.timeout: a sink is unavailable"
                    + " or too slow, or there is too little memory or disk for the state";
    private static final String ADVICE =
            ". Free some space and run it again, with the same --state to resume";

    private static List<Throwable> chain(Throwable failure) {
        List<Throwable> chain = new ArrayList<>();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Throwable link = failure; link != null && seen.add(link); link = link.getCause()) {
            chain.add(link);
        }
        return chain;
    }

    /** The message of a java.nio exception is only a path; its class states the reason. */
    private static String fileMessage(Throwable link) {
        if (!(link instanceof FileSystemException file)) {
            return link.getMessage();
        }
        String path = file.getFile() == null ? "a file" : file.getFile();
        if (file instanceof NoSuchFileException) {
            return path + " does not exist";
        }
        if (file instanceof AccessDeniedException) {
            return "no permission for " + path;
        }
        if (file instanceof FileAlreadyExistsException) {
            return path + " already exists";
        }
        if (file instanceof NotDirectoryException) {
            return path + " is not a directory";
        }
        return path + ": " + (file.getReason() == null ? "cannot be used" : file.getReason());
    }

    /** Removes class names, and shortens the location of a JSON error to line and column. */
    private static String withoutLibraries(String message) {
        if (message == null) {
            return null;
        }
        String plain = JSON_PATH.matcher(message).replaceAll("");
        plain = JSON_LOCATION.matcher(plain).replaceAll(" (line $1, column $2)");
        plain = CLASS_BEFORE_MESSAGE.matcher(plain).replaceAll("");
        return CLASS.matcher(plain).replaceAll("$1");
    }

    private static String oneLine(String message) {
        if (message == null || message.isBlank()) {
            return "no message";
        }
        String line = message.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
        return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + " ...";
    }
}
