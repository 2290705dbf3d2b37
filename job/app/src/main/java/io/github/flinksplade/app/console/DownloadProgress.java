package io.github.flinksplade.app.console;

import io.github.flinksplade.encoder.Progress;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Prints the progress of a download: a line rewritten on a terminal, else one line per file. */
public final class DownloadProgress implements Progress {

    private static final long INTERVAL_NANOS = 200_000_000L;

    private final Console console;
    private final Set<String> logged = new HashSet<>();
    private long lastNanos;

    public DownloadProgress(Console console) {
        this.console = console;
    }

    @Override
    public synchronized void report(String what, long done, long total) {
        String size = total < 0 ? "" : String.format(Locale.ROOT, " of %.1f MB", total / 1e6);
        if (!console.showsProgressLine()) {
            if (logged.add(what)) {
                console.info(
                        what
                                + (total < 0
                                        ? ""
                                        : String.format(Locale.ROOT, " (%.1f MB)", total / 1e6)));
            }
            return;
        }
        boolean end = done == total;
        if (end || System.nanoTime() - lastNanos > INTERVAL_NANOS) {
            lastNanos = System.nanoTime();
            console.err()
                    .print(
                            String.format(
                                            Locale.ROOT,
                                            "\r\u001b[K%s: %.1f%s MB",
                                            what,
                                            done / 1e6,
                                            size)
                                    .replace(" MB MB", " MB"));
            if (end) {
                console.err().println();
            }
            console.err().flush();
        }
    }

    @Override
    public synchronized void warn(String message) {
        console.err().println((console.errTerminal() ? "\r\u001b[K" : "") + message);
        console.err().flush();
    }
}
