package io.github.flinksplade.encoder;

/** Listens to the progress of long work, such as a download. */
@FunctionalInterface
public interface Progress {

    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what what is being done, such as a file's name
     * @param done bytes done so far
     * @param total bytes in all, or -1 when not known
     */
    void report(String what, long done, long total);

    /**
     * Called with one sentence on something that the user should know, such as that a damaged file
     * is replaced. Ignored by default.
     */
    default void warn(String message) {}
}
