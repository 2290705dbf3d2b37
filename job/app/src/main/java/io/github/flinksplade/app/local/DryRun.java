package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.Notices;
import io.github.flinksplade.pipeline.ParseJob;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/** Checks all that a run needs, and writes nothing. */
public final class DryRun {

    private final JobSettings settings;
    private final Console console;
    private final boolean verbose;
    private final boolean json;

    /**
     * @param verbose whether the settings are printed
     * @param json whether the result is printed as JSON, too, on standard output
     */
    public DryRun(JobSettings settings, Console console, boolean verbose, boolean json) {
        this.settings = settings;
        this.console = console;
        this.verbose = verbose;
        this.json = json;
    }

    /**
     * Opens the model, checks the sinks, and parses the records of all sources that end.
     *
     * @return {@link ExitCode#OK}, or {@link ExitCode#FINDINGS} if a record would be a dead letter
     */
    public int run() throws Exception {
        LocalConfiguration.initialize(settings, console, verbose);
        JobPlan plan = JobPlan.of(settings);
        Provenance provenance = plan.provenance(new DownloadProgress(console));
        console.info("Model: " + provenance.model() + ", SHA-256 " + provenance.modelSha256());
        List<String> sinks = plan.checkSinks(provenance);
        sinks.forEach(sink -> console.info("Sink: " + sink + "."));
        try (StateDirectory temporary = StateDirectory.temporary()) {
            plan.copyInput(console.in(), temporary.work());
            plan.checkSources();
            List<NamedSource> bounded = plan.boundedSources();
            int unread = settings.get(JobSettings.FROM).size() - bounded.size();
            if (unread > 0) {
                console.info(
                        "Sources: "
                                + unread
                                + (unread == 1 ? " is" : " are")
                                + " reachable, but not read, because a stream has no end.");
            }
            if (bounded.isEmpty()) {
                return finish(new JobCounts(Map.of()), sinks);
            }
            BoundedJob job = new BoundedJob(settings, temporary);
            StreamExecutionEnvironment env = new StreamExecutionEnvironment(job.configuration());
            ParseJob.define(env, bounded, settings.get(JobSettings.MAX_RECORD_SIZE));
            Map<String, SerializedValue<OptionalFailure<Object>>> result =
                    job.run(env.getStreamGraph().getJobGraph(), accumulators -> {});
            return result == null
                    ? ExitCode.SIGNAL + job.signal()
                    : finish(JobCounts.of(result), sinks);
        }
    }

    private int finish(JobCounts counts, List<String> sinks) {
        List<Notices.Entry> rejected = Notices.deadLetters(counts.notices());
        long deadLetters = rejected.stream().mapToLong(Notices.Entry::count).sum();
        console.info(
                String.format(
                        Locale.ROOT,
                        "Records: read %,d; %,d would be dead letters.",
                        counts.get(Counters.READ),
                        deadLetters));
        rejected.forEach(entry -> console.err().println(DeadLetterSummary.line(entry)));
        console.info("Nothing was written.");
        if (json) {
            Results results = new Results(console);
            results.line(
                    JsonLine.object(
                            "dry_run",
                            true,
                            "read",
                            counts.get(Counters.READ),
                            "dead_letters",
                            deadLetters,
                            "notices",
                            counts.notices().stream().map(RunReport::json).toList(),
                            "sinks",
                            sinks));
            results.flush();
        }
        return deadLetters == 0 ? ExitCode.OK : ExitCode.FINDINGS;
    }
}
