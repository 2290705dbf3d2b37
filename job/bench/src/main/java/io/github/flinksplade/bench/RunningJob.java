package io.github.flinksplade.bench;

import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.SpladeJob;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A job in a MiniCluster, until it is closed. */
record RunningJob(MiniCluster cluster, JobGraph graph, CompletableFuture<JobResult> result)
        implements AutoCloseable {

    private static final long CLOSE_SECONDS = 10;

    static RunningJob start(Configuration flink, JobDefinition job) throws Exception {
        return start(flink, job, SavepointRestoreSettings.none());
    }

    /** Starts the job from a checkpoint. */
    static RunningJob start(Configuration flink, JobDefinition job, SavepointRestoreSettings from)
            throws Exception {
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
        SpladeJob.define(env, job);
        JobGraph graph = env.getStreamGraph().getJobGraph();
        graph.setSavepointRestoreSettings(from);
        MiniCluster cluster =
                new MiniCluster(
                        new MiniClusterConfiguration.Builder()
                                .setConfiguration(flink)
                                .setNumTaskManagers(1)
                                .setNumSlotsPerTaskManager(
                                        flink.get(CoreOptions.DEFAULT_PARALLELISM))
                                .build());
        try {
            cluster.start();
            cluster.submitJob(graph).get();
        } catch (Exception e) {
            cluster.closeAsync();
            throw e;
        }
        return new RunningJob(cluster, graph, cluster.requestJobResult(graph.getJobID()));
    }

    /** Takes a checkpoint, and returns its path. */
    String checkpoint() throws Exception {
        return cluster.triggerCheckpoint(graph.getJobID()).get();
    }

    CheckpointStatsSnapshot checkpointStatistics() throws Exception {
        return cluster.getExecutionGraph(graph.getJobID()).get().getCheckpointStatsSnapshot();
    }

    @Override
    public void close() {
        cluster.cancelJob(graph.getJobID());
        awaitQuietly(result);
        awaitQuietly(cluster.closeAsync());
    }

    /** The result does not depend on how the job ends. */
    private static void awaitQuietly(CompletableFuture<?> future) {
        try {
            future.get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            // see above
        }
    }
}
