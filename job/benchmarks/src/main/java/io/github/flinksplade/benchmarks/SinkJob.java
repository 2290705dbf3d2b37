package io.github.flinksplade.benchmarks;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.VectorInput;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Writes precomputed vectors with a job.
 *
 * @param model the model in the provenance of the vectors
 * @param work directory for dead letters
 * @param progressListener receives a line about each step
 */
record SinkJob(String model, Configuration flink, Path work, Consumer<String> progressListener) {

    /** A finished job. */
    record Finished(List<NamedSink> sinks, JobExecutionResult result) {

        /** The value of an accumulator, 0 if the job has none of this name. */
        long count(String name) {
            Long count = result.getAccumulatorResult(name);
            return count == null ? 0 : count;
        }
    }

    /**
     * Runs a job to its end.
     *
     * @param name the name of the job
     * @throws IOException if a sink rejects a vector
     */
    Finished run(String name, VectorSource vectors, List<ConnectorUri> to) throws Exception {
        ConnectorUri deadLetters = ConnectorUri.parse("file:" + work.resolve("dead-letters.jsonl"));
        List<NamedSink> sinks = new ArrayList<>();
        for (ConnectorUri uri : to) {
            VectorSink sink = Connectors.of(uri).sink(uri);
            SinkContext context =
                    SpladeJob.context(
                            sink.identity(),
                            name,
                            model,
                            EncoderOptions.defaults(),
                            vectors.provenance(),
                            false);
            // a later job may write to the same index
            sinks.add(SpladeJob.prepare(sink, context, StartMode.REINDEX, progressListener));
        }
        JobDefinition job =
                new JobDefinition(
                        new VectorInput(vectors),
                        sinks,
                        Connectors.of(deadLetters).deadLetters(deadLetters).prepare("bench-sinks"),
                        PipelineOptions.defaults());
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        flink.set(DeploymentOptions.TARGET, "local");
        flink.set(DeploymentOptions.ATTACHED, true);
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
        SpladeJob.define(env, job);
        Finished finished = new Finished(sinks, env.execute(name));
        long rejected = finished.count(Counters.deadLetters(DeadLetter.Stage.WRITE));
        if (rejected > 0) {
            throw new IOException(
                    rejected + " vectors were rejected; see " + deadLetters.location());
        }
        return finished;
    }
}
