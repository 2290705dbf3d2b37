package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.JobFailedException;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/** Runs a job that ends in this JVM, without checkpoints and restarts. */
final class BoundedJob {

    private static final long POLL_INTERVAL_MILLIS = 250;
    private static final long CLOSE_TIMEOUT_SECONDS = 10;

    /** For RocksDB: with 128 MB, the default, a million keys take half as long again. */
    private static final MemorySize STATE_MEMORY = MemorySize.ofMebiBytes(512);

    private final Configuration configuration;
    private final AtomicInteger signal = new AtomicInteger();

    /**
     * @param settings those of Flink apply
     * @param directory for temporary files
     */
    BoundedJob(JobSettings settings, StateDirectory directory) {
        configuration =
                LocalConfiguration.of(settings, directory.newRun().toUri(), directory.work());
        configuration.removeConfig(CheckpointingOptions.CHECKPOINTING_INTERVAL);
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        if (!settings.flink().containsKey(TaskManagerOptions.MANAGED_MEMORY_SIZE.key())) {
            configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, STATE_MEMORY);
        }
    }

    /** The configuration of the job's environment. */
    Configuration configuration() {
        return configuration;
    }

    /** The number of the signal that ended the job; 0 without one. */
    int signal() {
        return signal.get();
    }

    /**
     * Runs the job until it ends or the process receives a signal.
     *
     * @param progress receives the accumulators from time to time
     * @return the accumulators of the finished job; null after a signal
     * @throws JobFailedException if the job fails
     */
    Map<String, SerializedValue<OptionalFailure<Object>>> run(
            JobGraph graph,
            Consumer<Map<String, SerializedValue<OptionalFailure<Object>>>> progress)
            throws Exception {
        Signals signals = Signals.listen(number -> signal.compareAndSet(0, number));
        MiniCluster cluster = new MiniCluster(LocalConfiguration.cluster(configuration));
        try {
            cluster.start();
            cluster.submitJob(graph).get();
            JobID job = graph.getJobID();
            CompletableFuture<JobResult> result = cluster.requestJobResult(job);
            while (!isDone(result)) {
                if (signal.get() != 0) {
                    return null;
                }
                progress.accept(cluster.getExecutionGraph(job).get().getAccumulatorsSerialized());
            }
            JobResult ended = result.get();
            if (ended.getJobStatus().orElse(JobStatus.FAILED) != JobStatus.FINISHED) {
                throw new JobFailedException(
                        ended.getSerializedThrowable()
                                .map(e -> e.deserializeError(BoundedJob.class.getClassLoader()))
                                .orElseThrow());
            }
            return ended.getAccumulatorResults();
        } finally {
            signals.close();
            closeQuietly(cluster);
        }
    }

    private static boolean isDone(CompletableFuture<JobResult> result)
            throws InterruptedException, ExecutionException {
        try {
            result.get(POLL_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** The result is known, so it does not matter how the cluster ends. */
    private static void closeQuietly(MiniCluster cluster) throws InterruptedException {
        try {
            cluster.closeAsync().get(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            // the process ends anyway
        }
    }
}
