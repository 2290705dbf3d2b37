package io.github.flinksplade.encoder;

/** Listens to the progress of a long operation, such as a download. */
@FunctionalInterface
public interface Progress {

    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what what is in progress, such as the name of a file
     * @param done bytes done so far
     * @param total bytes in total, or -1 if unknown
     */
    void report(String what, long done, long total);

    /**
     * Called with one sentence that the user should know, such as that a damaged file is replaced.
     * Does nothing by default.
     */
    default void warn(String message) {}
}
