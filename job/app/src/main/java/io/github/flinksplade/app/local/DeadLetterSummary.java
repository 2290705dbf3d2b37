package io.github.flinksplade.app.local;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.pipeline.Notices;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Summarizes the dead letters and notices of a run, by reason. */
final class DeadLetterSummary {

    private static final String WORKING_DIRECTORY = Path.of("").toAbsolutePath() + File.separator;

    private DeadLetterSummary() {}

    /**
     * The lines to print: the number of dead letters, each reason with the position of its first
     * record and what to do, then the other notices.
     *
     * @param count dead letters of the run
     * @param queue where they were written
     * @param notices the notices of the job, including those of dead letters
     */
    static List<String> lines(long count, ConnectorUri queue, List<Notices.Entry> notices) {
        List<String> lines = new ArrayList<>();
        lines.add(
                String.format(Locale.ROOT, "Dead letters: %,d", count)
                        + (count == 0 ? "." : ", in " + queue + "."));
        Notices.deadLetters(notices).forEach(entry -> lines.add(line(entry)));
        List<Notices.Entry> others = Notices.others(notices);
        if (!others.isEmpty()) {
            lines.add("Please check:");
            others.forEach(entry -> lines.add(line(entry)));
        }
        return lines;
    }

    /** Paths of files below the working directory are shown relative to it. */
    static String line(Notices.Entry entry) {
        String position = entry.position();
        return "  "
                + (position.startsWith(WORKING_DIRECTORY)
                        ? entry.withPosition(position.substring(WORKING_DIRECTORY.length()))
                        : entry);
    }
}
