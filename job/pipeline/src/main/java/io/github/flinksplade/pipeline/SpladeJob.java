package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.internal.EncoderFactory;
import io.github.flinksplade.pipeline.internal.Topology;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The topology: source, gate, encode, order guard, targets; dead letters aside. */
public final class SpladeJob {

    private SpladeJob() {}

    /**
     * Adds the job to the environment; whoever calls it executes the environment. Turns generic
     * types and generated uids off and object reuse on, and sets the maximum parallelism to 128,
     * the buffer timeout to 5 ms and the timeout of checkpoints to 7 minutes unless the environment
     * has them.
     *
     * @throws io.github.flinksplade.connector.ConnectorException when a checkpoint may take longer
     *     than something written lives until it is committed
     */
    public static void define(StreamExecutionEnvironment env, JobDefinition job) {
        new Topology(job, factory(job)).define(env);
    }

    /**
     * Asks each source, each target and the dead letters whether they can be used; to be called
     * before the job starts, where it is submitted.
     *
     * @param restored whether the job goes on from a checkpoint of its own
     * @throws io.github.flinksplade.connector.ConnectorException when one cannot
     */
    public static void check(JobDefinition job, boolean restored) {
        job.sources().forEach(source -> source.source().check());
        job.targets()
                .forEach(target -> target.target().check(context(job, target.name()), restored));
        job.deadLetters().check();
    }

    /** What the job tells the target of that name. */
    public static TargetContext context(JobDefinition job, String target) {
        return new Topology(job, factory(job)).context(target);
    }

    /** What makes the document vectors of an open encoder. */
    public static Provenance provenance(SpladeEncoder encoder) {
        return EncoderFactory.provenance(encoder);
    }

    private static EncoderFactory factory(JobDefinition job) {
        return new EncoderFactory.OfModel(job.model(), job.encoder());
    }
}
