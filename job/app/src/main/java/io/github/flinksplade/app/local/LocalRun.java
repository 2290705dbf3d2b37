package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.JobFailedException;
import io.github.flinksplade.app.job.Availability;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.StateDirectory.Manifest;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.ErrorInfo;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Runs a job in this JVM and resumes from the state of the last run. */
public final class LocalRun {

    private static final long POLL_INTERVAL_MILLIS = 250;
    private static final long SAVEPOINT_TIMEOUT_SECONDS = 10;
    private static final long CANCEL_TIMEOUT_SECONDS = 3;
    private static final long CLOSE_TIMEOUT_SECONDS = 10;

    /** Uids of the operators whose state is needed when a source is read from the beginning. */
    private static final Set<String> KEYED = Set.of("change-detector", "sequencer");

    private final JobSettings settings;
    private final Function<JobSettings, JobPlan> planning;
    private final Console console;
    private final boolean verbose;
    private final boolean json;
    private final AtomicInteger signal = new AtomicInteger();

    /**
     * @param planning creates the plan from the settings, which checks them
     * @param verbose whether the settings are printed
     * @param json whether the summary is printed as JSON, too, on standard output
     */
    public LocalRun(
            JobSettings settings,
            Function<JobSettings, JobPlan> planning,
            Console console,
            boolean verbose,
            boolean json) {
        this.settings = settings;
        this.planning = planning;
        this.console = console;
        this.verbose = verbose;
        this.json = json;
    }

    /**
     * How a run starts.
     *
     * @param rereads whether the sources are read again because of a change or {@code --reindex}
     * @param checkpoint the checkpoint to restore, or null
     * @param reason a sentence for the user, or null
     */
    private record Start(
            Manifest manifest, boolean reindex, boolean rereads, Path checkpoint, String reason) {}

    private record Prepared(Start start, JobDefinition job) {}

    private static StartMode startMode(String identity, Start start, Manifest before) {
        if (start.checkpoint() == null || !before.sinks().contains(identity)) {
            return StartMode.NEW;
        }
        return start.rereads() ? StartMode.REINDEX : StartMode.RESUME;
    }

    /**
     * Runs until the sources end, the process receives a signal, or the job fails.
     *
     * @return an {@link ExitCode}
     */
    public int run() throws Exception {
        LocalConfiguration.initialize(settings, console, verbose);
        JobPlan plan = planning.apply(settings);
        boolean bounded = plan.isBounded();
        if (settings.get(JobSettings.STATE) == null && !bounded) {
            console.err()
                    .println(
                            "Without --state this run cannot be resumed: a restarted run reads the"
                                    + " sources from the beginning.");
        }
        try (StateDirectory state =
                settings.get(JobSettings.STATE) == null
                        ? StateDirectory.temporary()
                        : StateDirectory.open(settings.get(JobSettings.STATE))) {
            return run(plan, bounded, state);
        }
    }

    private int run(JobPlan plan, boolean bounded, StateDirectory state) throws Exception {
        Provenance provenance = plan.provenance(new DownloadProgress(console));
        Manifest before = state.manifest();
        plan.copyInput(console.in(), state.work());
        ConnectorUri deadLetterUri = deadLetters(state);
        DeadLetterQueue deadLetters = Connectors.of(deadLetterUri).deadLetters(deadLetterUri);
        Supplier<Prepared> preparation =
                () -> {
                    plan.checkSources();
                    Start start = start(plan, bounded, provenance, before, state);
                    JobDefinition job =
                            plan.define(
                                    start.manifest().id(),
                                    "#" + start.manifest().generation(),
                                    identity -> startMode(identity, start, before),
                                    start.reindex(),
                                    deadLetters,
                                    provenance,
                                    console.err()::println);
                    return new Prepared(start, job);
                };
        // the first run does not wait, since its URI may be wrong
        Prepared prepared =
                before == null
                        ? preparation.get()
                        : new Availability(console.err()::println).await(preparation);
        Start start = prepared.start();
        JobDefinition job = prepared.job();
        if (start.reason() != null) {
            console.info(
                    "State in " + settings.get(JobSettings.STATE) + ": " + start.reason() + ".");
        }
        Path directory = state.newRun();
        Configuration configuration =
                LocalConfiguration.of(settings, directory.toUri(), state.work());
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(configuration);
        SpladeJob.define(env, job);
        JobGraph graph = env.getStreamGraph().getJobGraph();
        if (start.checkpoint() != null) {
            graph.setSavepointRestoreSettings(
                    SavepointRestoreSettings.forPath(
                            start.checkpoint().toUri().toString(),
                            true,
                            RecoveryClaimMode.NO_CLAIM));
        }
        state.write(start.manifest());

        boolean fromBeginning =
                start.checkpoint() == null || start.manifest().generation() != before.generation();
        // the number of passages is not known
        boolean inPassages = settings.get(JobSettings.LONG_DOCUMENTS) == Mode.PASSAGES;
        RunReport report =
                new RunReport(
                        console,
                        job.sinks().stream().map(NamedSink::name).toList(),
                        plan.sinkLocations(),
                        deadLetterUri,
                        bounded && fromBeginning && !inPassages
                                ? DocumentCount.estimate(settings.get(JobSettings.FROM))
                                : -1,
                        json,
                        start.checkpoint() != null && !fromBeginning);
        int code;
        Signals signals = Signals.listen(this::onSignal);
        try {
            code = execute(configuration, graph, state, directory, bounded, report);
        } finally {
            signals.close();
        }
        // the sources were read to the end, even if no record was accepted
        if ((code == ExitCode.OK || code == ExitCode.FINDINGS) && bounded) {
            state.write(start.manifest().asFinished());
        }
        return code;
    }

    /** Decides from where the sources and the state resume. */
    private Start start(
            JobPlan plan,
            boolean bounded,
            Provenance provenance,
            Manifest before,
            StateDirectory state) {
        String encoder = provenance.fingerprint();
        if (before == null) {
            return new Start(
                    Manifest.first(
                            randomId(),
                            plan.sourceIdentities(),
                            plan.sinkIdentities(),
                            encoder,
                            settings.get(JobSettings.REINDEX)),
                    settings.get(JobSettings.REINDEX),
                    true,
                    null,
                    null);
        }
        List<String> sinks = plan.sinkIdentities();
        String reason = null;
        if (settings.get(JobSettings.REINDEX)) {
            reason = "reading the sources from the beginning and writing everything again";
        } else if (!before.encoder().equals(encoder)) {
            reason =
                    "the model or its options changed; reading the sources from the beginning and"
                            + " encoding everything again";
        } else if (!before.sinks().containsAll(sinks)) {
            reason =
                    "a sink was added; reading the sources from the beginning and writing"
                            + " everything to it";
        }
        boolean rereads = reason != null;
        if (reason == null && before.finished()) {
            reason =
                    "the last run finished; reading the sources again, unchanged documents are"
                            + " skipped";
        }
        // An interrupted reindex resumes as one.
        boolean reindex =
                settings.get(JobSettings.REINDEX)
                        || (reason == null && bounded && before.reindex());
        boolean hasNewSource = !before.sources().containsAll(plan.sourceIdentities());
        Path checkpoint =
                state.newestCheckpoint(reason == null && !hasNewSource ? Set.of() : KEYED);
        state.checkNotMoved(before, checkpoint);
        Manifest manifest =
                before.next(plan.sourceIdentities(), sinks, encoder, reason != null, reindex);
        if (reason == null && checkpoint != null) {
            reason =
                    "resuming from "
                            + state.describe(checkpoint)
                            + (hasNewSource
                                    ? "; sources that the last run did not have are read from their"
                                            + " beginning"
                                    : "");
        }
        return new Start(manifest, reindex, rereads, checkpoint, reason);
    }

    private ConnectorUri deadLetters(StateDirectory state) {
        if (settings.get(JobSettings.DEAD_LETTERS) != null) {
            return settings.get(JobSettings.DEAD_LETTERS);
        }
        String file =
                state.isTemporary()
                        ? "dead-letters.jsonl"
                        : settings.get(JobSettings.STATE).resolve("dead-letters.jsonl").toString();
        return ConnectorUri.parse("file:" + file);
    }

    private static String randomId() {
        byte[] bytes = new byte[4];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    private void onSignal(int number) {
        if (!signal.compareAndSet(0, number)) {
            Runtime.getRuntime().halt(ExitCode.SIGNAL + number); // second signal: do not wait
        }
    }

    private int execute(
            Configuration configuration,
            JobGraph graph,
            StateDirectory state,
            Path directory,
            boolean bounded,
            RunReport report)
            throws Exception {
        MiniCluster cluster =
                RetainingHighAvailability.cluster(LocalConfiguration.cluster(configuration));
        try {
            cluster.start();
            cluster.submitJob(graph).get();
            JobID job = graph.getJobID();
            CompletableFuture<JobResult> result = cluster.requestJobResult(job);
            boolean stopping = false;
            boolean deletedOtherRuns = false;
            Restarts restarts = new Restarts();
            CompletableFuture<String> lastCheckpoint = null;
            while (!result.isDone()) {
                if (signal.get() != 0 && !stopping) {
                    stopping = true;
                    report.clear();
                    stop(cluster, job, directory, result);
                    continue;
                }
                AccessExecutionGraph running = await(cluster.getExecutionGraph(job), result);
                if (running != null) {
                    report.progress(running.getAccumulatorsSerialized());
                    if (bounded
                            && report.isIdle()
                            && (lastCheckpoint == null || lastCheckpoint.isDone())) {
                        // The sources may have ended. Then the next checkpoint is the last one, and
                        // triggering it now saves the wait. It is declined, which is harmless,
                        // while tasks are still starting.
                        lastCheckpoint = cluster.triggerCheckpoint(job);
                    }
                    reportRestart(running, restarts, report);
                }
                if (!deletedOtherRuns && StateDirectory.hasCheckpoint(directory)) {
                    state.deleteOtherRuns(directory); // this run's checkpoint is complete
                    deletedOtherRuns = true;
                }
                awaitQuietly(result, POLL_INTERVAL_MILLIS);
            }
            report.clear();
            JobResult ended = result.get();
            if (signal.get() != 0) {
                report.summary(ended.getAccumulatorResults());
                return stopped(state, directory);
            }
            return conclude(ended, cluster, job, state, directory, report);
        } catch (ExecutionException | CancellationException e) {
            if (signal.get() == 0) {
                throw e;
            }
            report.clear();
            report.lastSummary();
            return stopped(state, directory);
        } finally {
            awaitQuietly(cluster.closeAsync(), TimeUnit.SECONDS.toMillis(CLOSE_TIMEOUT_SECONDS));
        }
    }

    /** Stops with a savepoint, which commits what was written; cancels if that takes too long. */
    private void stop(
            MiniCluster cluster, JobID job, Path directory, CompletableFuture<JobResult> result) {
        console.info("Stopping and saving a savepoint ...");
        CompletableFuture<String> savepoint =
                cluster.stopWithSavepoint(
                        job, directory.toUri().toString(), false, SavepointFormatType.NATIVE);
        awaitQuietly(savepoint, TimeUnit.SECONDS.toMillis(SAVEPOINT_TIMEOUT_SECONDS));
        if (savepoint.isDone() && !savepoint.isCompletedExceptionally()) {
            awaitQuietly(result, TimeUnit.SECONDS.toMillis(CANCEL_TIMEOUT_SECONDS));
        }
        if (!result.isDone()) {
            cluster.cancelJob(job);
            awaitQuietly(result, TimeUnit.SECONDS.toMillis(CANCEL_TIMEOUT_SECONDS));
        }
        if (!result.isDone()) {
            // A task does not end. The process will, with the state of the last checkpoint.
            result.cancel(true);
        }
    }

    /** Reports where the next run starts. */
    private int stopped(StateDirectory state, Path directory) {
        if (settings.get(JobSettings.STATE) == null) {
            console.err().println("Stopped. Without --state the next run starts from scratch.");
        } else if (StateDirectory.hasSavepoint(directory)) {
            console.err()
                    .println(
                            "Stopped with a savepoint. Run it again with the same --state to resume.");
        } else if (StateDirectory.hasCheckpoint(directory)) {
            console.err()
                    .println(
                            "Stopped, but the last documents could not be saved in time. Run it"
                                    + " again with the same --state to resume from its last"
                                    + " checkpoint, "
                                    + state.newestCheckpoint(Set.of()).getFileName()
                                    + ".");
        } else {
            console.err()
                    .println(
                            "Stopped before the first checkpoint of this run: nothing was saved."
                                    + " The next run starts where this one started.");
        }
        return ExitCode.SIGNAL + signal.get();
    }

    private int conclude(
            JobResult result,
            MiniCluster cluster,
            JobID job,
            StateDirectory state,
            Path directory,
            RunReport report)
            throws Exception {
        JobStatus status = result.getJobStatus().orElse(JobStatus.FAILED);
        if (status == JobStatus.FINISHED) {
            if (StateDirectory.hasCheckpoint(directory)) {
                state.deleteOtherRuns(directory);
            }
            report.summary(result.getAccumulatorResults());
            if (report.isAllRejected()) {
                console.err()
                        .println(
                                "flink-splade: no record was accepted. Correct the records, as the"
                                        + " reasons above state, and run it again.");
                return ExitCode.FINDINGS;
            }
            return ExitCode.OK;
        }
        report.summary(result.getAccumulatorResults());
        throw failure(result, cluster, job);
    }

    private static Exception failure(JobResult result, MiniCluster cluster, JobID job) {
        Throwable cause =
                result.getSerializedThrowable()
                        .map(error -> error.deserializeError(LocalRun.class.getClassLoader()))
                        .orElseGet(
                                () -> new IllegalStateException("the job failed without a reason"));
        Failure failure = Failure.of(cause);
        if (failure.exitCode() == ExitCode.INTERNAL) {
            String checkpoint = failedCheckpoint(cluster, job);
            if (checkpoint != null) {
                return new java.io.IOException(checkpoint, cause);
            }
        }
        return new JobFailedException(cause);
    }

    /** Why the last checkpoint failed, or null; Flink's exception does not contain the reason. */
    private static String failedCheckpoint(MiniCluster cluster, JobID job) {
        try {
            CheckpointStatsSnapshot stats =
                    cluster.getExecutionGraph(job)
                            .get(POLL_INTERVAL_MILLIS, TimeUnit.MILLISECONDS)
                            .getCheckpointStatsSnapshot();
            return stats == null || stats.getHistory().getLatestFailedCheckpoint() == null
                    ? null
                    : stats.getHistory().getLatestFailedCheckpoint().getFailureMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException e) {
            return null; // report the job's failure without it
        }
    }

    /** The last failure that was reported to the user. */
    private static final class Restarts {
        private long timestamp;
        private String message;
    }

    /** Reports that the job restarts, but not the same reason twice in a row. */
    private void reportRestart(AccessExecutionGraph running, Restarts restarts, RunReport report) {
        ErrorInfo failure = running.getFailureInfo();
        if (failure == null
                || failure.getTimestamp() <= restarts.timestamp
                || (running.getState() != JobStatus.RUNNING
                        && running.getState() != JobStatus.RESTARTING)) {
            return;
        }
        restarts.timestamp = failure.getTimestamp();
        Throwable cause = failure.getException().deserializeError(LocalRun.class.getClassLoader());
        String message = Failure.of(cause).message();
        if (!message.equals(restarts.message)) {
            restarts.message = message;
            report.clear();
            console.err()
                    .println("Restarting from the last checkpoint after a failure: " + message);
        }
        if (verbose) {
            cause.printStackTrace(console.err());
        }
    }

    /** The graph, or null if it is not available yet or no longer. */
    private static AccessExecutionGraph await(
            CompletableFuture<? extends AccessExecutionGraph> graph,
            CompletableFuture<JobResult> result)
            throws InterruptedException {
        try {
            return graph.get(POLL_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return null; // progress is reported next time
        }
    }

    /** Waits for a future and ignores its outcome. */
    private static void awaitQuietly(CompletableFuture<?> future, long millis) {
        try {
            future.get(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            // the caller checks the future if it needs its outcome
        }
    }
}
