package io.github.flinksplade.encoder;

/** Told how far a long piece of work is, such as a download. */
@FunctionalInterface
public interface Progress {

    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what what is being done, such as a file's name
     * @param done bytes done so far
     * @param total bytes in all, or -1 when not known
     */
    void report(String what, long done, long total);
}
