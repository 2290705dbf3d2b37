package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.SinkProgress;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The progress of a job since its last start, in one line. */
final class ProgressLog {

    private static final class OfSink {
        long written;
        long waiting;
    }

    private final Map<String, OfSink> sinks = new TreeMap<>();
    private long read;
    private long deadLetters;
    private long readBefore;
    private boolean hasChanged;

    void add(Notice notice) {
        read += notice.read();
        deadLetters += notice.letter() == null ? 0 : 1;
        SinkProgress progress = notice.progress();
        if (progress != null) {
            OfSink sink = sinks.computeIfAbsent(progress.sink(), name -> new OfSink());
            sink.written += progress.written();
            sink.waiting += progress.waiting();
        }
        hasChanged |= progress != null || notice.read() > 0 || notice.letter() != null;
    }

    /**
     * A line such as {@code Since the last start: 900 records read (15 per second), 850 changes
     * written to file:/vectors (50 waiting), 3 dead letters.}
     *
     * @param seconds the time since the last call
     * @return null if nothing has changed since the last call
     */
    String next(long seconds) {
        if (!hasChanged) {
            return null;
        }
        hasChanged = false;
        StringBuilder line =
                new StringBuilder(
                        String.format(
                                Locale.ROOT,
                                "Since the last start: %,d records read (%,d per second), ",
                                read,
                                (read - readBefore) / Math.max(1, seconds)));
        readBefore = read;
        sinks.forEach(
                (name, sink) ->
                        line.append(
                                String.format(
                                        Locale.ROOT,
                                        "%,d changes written to %s (%,d waiting), ",
                                        sink.written,
                                        name,
                                        sink.waiting)));
        return line.append(String.format(Locale.ROOT, "%,d dead letters.", deadLetters)).toString();
    }
}
