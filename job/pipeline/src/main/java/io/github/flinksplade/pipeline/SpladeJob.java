package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.BatchTarget;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition.NamedTarget;
import io.github.flinksplade.pipeline.internal.AwayTarget;
import io.github.flinksplade.pipeline.internal.EncoderFactory;
import io.github.flinksplade.pipeline.internal.Topology;
import java.util.function.Consumer;
import java.util.function.Function;
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
     * @throws ConnectorException when a checkpoint may take longer than something written lives
     *     until it is committed
     */
    public static void define(StreamExecutionEnvironment env, JobDefinition job) {
        new Topology(job, factory(job)).define(env);
    }

    /**
     * Asks each source, each target and the dead letters whether they can be used; to be called
     * before the job is defined, where it is submitted.
     *
     * @param start how the job begins with the target of that name
     * @param away is told, in a sentence, of each server that is away while the job goes on: that
     *     is no reason not to start, and the server is checked later
     * @return the job to define
     * @throws ConnectorException when one cannot be used
     */
    public static JobDefinition check(
            JobDefinition job, Function<String, StartMode> start, Consumer<String> away) {
        job.sources().forEach(source -> source.source().check());
        job.deadLetters().check();
        return checkTargets(job, start, away);
    }

    /** The part of {@link #check} that asks the targets. */
    public static JobDefinition checkTargets(
            JobDefinition job, Function<String, StartMode> start, Consumer<String> away) {
        return job.withTargets(
                job.targets().stream()
                        .map(target -> check(job, target, start.apply(target.name()), away))
                        .toList());
    }

    private static NamedTarget check(
            JobDefinition job, NamedTarget named, StartMode start, Consumer<String> away) {
        try {
            named.target().check(context(job, named.name()), start);
            return named;
        } catch (UnreachableException e) {
            if (start == StartMode.RESUME && named.target() instanceof BatchTarget target) {
                away.accept(
                        "Starting without target " + named.name() + ": " + e.getMessage() + ".");
                return new NamedTarget(named.name(), new AwayTarget(target));
            }
            throw e;
        }
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
