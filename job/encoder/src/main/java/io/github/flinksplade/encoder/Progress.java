package io.github.flinksplade.encoder;

import org.slf4j.LoggerFactory;

/** Listens to the progress of a long operation, such as a download. */
@FunctionalInterface
public interface Progress {

    /** Reports nothing, and logs warnings. */
    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what what is in progress, such as the name of a file
     * @param done bytes done so far
     * @param total bytes in total, or -1 if unknown
     */
    void report(String what, long done, long total);

    /**
     * Called with one sentence that the user should know, such as that a damaged file is replaced.
     * Logs it by default.
     */
    default void warn(String message) {
        LoggerFactory.getLogger(Progress.class).warn(message);
    }
}
