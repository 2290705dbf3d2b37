package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.StateDirectory.Manifest;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.VerifyDefinition;
import io.github.flinksplade.pipeline.VerifyJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/** Compares an index with its sources in this JVM. */
public final class VerifyRun {

    /** The settings on which vectors depend. */
    private static final List<Setting<?>> ENCODER =
            List.of(
                    JobSettings.MODEL,
                    JobSettings.DOCUMENT_TOKENS,
                    JobSettings.PRUNE,
                    JobSettings.PRECISION);

    private final JobSettings settings;
    private final int maxDifferences;
    private final boolean json;
    private final Console console;
    private final boolean verbose;

    /** Sentences for the summary. */
    private final List<String> notes = new ArrayList<>();

    /**
     * @param settings those of the job that writes the index, with one sink
     * @param maxDifferences the max number of differences to print
     * @param json whether differences are printed as JSON
     */
    public VerifyRun(
            JobSettings settings,
            int maxDifferences,
            boolean json,
            Console console,
            boolean verbose) {
        this.settings = settings;
        this.maxDifferences = maxDifferences;
        this.json = json;
        this.console = console;
        this.verbose = verbose;
    }

    /**
     * What the state directory of the job contains.
     *
     * @param encoder the fingerprint of its last run
     * @param unread its sources, from the positions in the checkpoint
     * @param checkpoint null if the job has completed no checkpoint
     */
    private record JobState(String encoder, List<NamedSource> unread, Path checkpoint) {}

    /**
     * Reads the index and the sources, and prints the differences.
     *
     * @return an {@link ExitCode}
     */
    public int run() throws Exception {
        LocalConfiguration.initialize(settings, console, verbose);
        JobPlan plan = JobPlan.of(settings);
        try (StateDirectory temporary = StateDirectory.temporary()) {
            plan.copyInput(console.in(), temporary.work());
            plan.checkSources();
            Path directory = settings.get(JobSettings.STATE);
            if (directory == null) {
                return run(plan, null, temporary);
            }
            requireJob(directory);
            try (StateDirectory state = StateDirectory.openUnlessInUse(directory)) {
                if (state == null) {
                    notes.add(
                            "The job that uses the state in "
                                    + directory
                                    + " is running: what it has not read or written yet is listed,"
                                    + " too.");
                }
                return run(plan, state == null ? null : jobState(plan, state), temporary);
            }
        }
    }

    private static void requireJob(Path directory) {
        if (!Files.isRegularFile(directory.resolve("job.json"))) {
            throw new UserException(
                    "the state directory "
                            + directory
                            + " contains no job.json. Specify the --state of the job that writes"
                            + " the index, or omit it");
        }
    }

    private JobState jobState(JobPlan plan, StateDirectory state) {
        Manifest manifest = state.manifest();
        String sink = plan.sinkIdentities().get(0);
        if (!manifest.sinks().contains(sink)) {
            throw new UserException(
                    "the state in "
                            + settings.get(JobSettings.STATE)
                            + " is of a job that writes to "
                            + String.join(", ", manifest.sinks())
                            + ", not to "
                            + sink
                            + ". Correct --to or --state");
        }
        Path checkpoint = manifest.finished() ? null : state.newestCheckpoint();
        if (checkpoint == null) {
            return new JobState(manifest.encoder(), List.of(), null);
        }
        state.checkNotMoved(manifest, checkpoint);
        List<NamedSource> unread =
                plan.boundedSources(identity -> identity + "#" + manifest.generation()).stream()
                        .filter(
                                source ->
                                        !StateDirectory.hasFinished(
                                                checkpoint, "source-" + source.name()))
                        .toList();
        return new JobState(manifest.encoder(), unread, checkpoint);
    }

    private int run(JobPlan plan, JobState job, StateDirectory temporary) throws Exception {
        ConnectorUri uri = settings.get(JobSettings.TO).get(0);
        IndexedDocuments index = Connectors.of(uri).documents(uri);
        String encoder =
                ENCODER.stream().anyMatch(settings::isGiven)
                        ? plan.provenance(new DownloadProgress(console)).fingerprint()
                        : job != null ? job.encoder() : index.provenance().fingerprint();
        long[] rejected = rejected(plan);
        VerifyDefinition definition =
                new VerifyDefinition(
                        plan.boundedSources(identity -> identity + "#verify"),
                        job == null ? List.of() : job.unread(),
                        index,
                        encoder,
                        rejected,
                        settings.get(JobSettings.MAX_RECORD_SIZE),
                        maxDifferences);
        BoundedJob comparison = new BoundedJob(settings, temporary);
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(comparison.configuration());
        VerifyJob.define(env, definition);
        JobGraph graph = env.getStreamGraph().getJobGraph();
        if (job != null && job.checkpoint() != null) {
            graph.setSavepointRestoreSettings(
                    SavepointRestoreSettings.forPath(
                            job.checkpoint().toUri().toString(), true, RecoveryClaimMode.NO_CLAIM));
        }
        VerifyReport report = new VerifyReport(console, settings, index, notes, json);
        Map<String, SerializedValue<OptionalFailure<Object>>> result;
        try {
            result = comparison.run(graph, report::progress);
        } finally {
            report.clear();
        }
        if (result == null) {
            console.err().println("Stopped before the end of the comparison.");
            return ExitCode.SIGNAL + comparison.signal();
        }
        return report.print(result);
    }

    /** The records in the dead-letter queue, if it is a file. */
    private long[] rejected(JobPlan plan) {
        ConnectorUri given = settings.get(JobSettings.DEAD_LETTERS);
        if (given != null && !given.scheme().equals("file")) {
            notes.add(
                    given
                            + " was not read: documents in it that are not in the index are listed"
                            + " as missing.");
            return new long[0];
        }
        Path directory =
                settings.get(JobSettings.STATE) == null
                        ? Path.of("")
                        : settings.get(JobSettings.STATE);
        Path file = given == null ? directory.resolve("dead-letters.jsonl") : LocalPath.of(given);
        return Files.exists(file)
                ? DeadLetterFile.hashes(file, plan.sinkIdentities().get(0))
                : new long[0];
    }
}
