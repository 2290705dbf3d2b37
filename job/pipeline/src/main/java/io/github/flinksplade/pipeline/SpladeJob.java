package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeferredSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.internal.EncoderFactory;
import io.github.flinksplade.pipeline.internal.EncoderVocabulary;
import io.github.flinksplade.pipeline.internal.Topology;
import java.util.function.Consumer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Defines a job, see the package description. */
public final class SpladeJob {

    private SpladeJob() {}

    /**
     * Adds the job to the environment, which the caller executes. Disables generic types and
     * generated uids, and enables object reuse. Sets the max parallelism to 128, the buffer timeout
     * to 5 ms and the checkpoint timeout to 7 minutes, unless the environment sets them.
     *
     * @throws ConnectorException if a checkpoint may take longer than uncommitted writes are stored
     */
    public static void define(StreamExecutionEnvironment env, JobDefinition job) {
        new Topology(job, input -> new EncoderFactory.OfModel(input.model(), input.encoder()))
                .define(env);
    }

    /**
     * The context of a sink.
     *
     * @param identity the sink's identity
     * @param jobId distinguishes the job from others that write to the same target
     * @param model reference of the model
     * @param allowMixedModels whether vectors may be written to a target that contains vectors of
     *     another encoder
     */
    public static SinkContext context(
            String identity,
            String jobId,
            String model,
            EncoderOptions encoder,
            Provenance provenance,
            boolean allowMixedModels) {
        return new SinkContext(
                identity,
                jobId,
                provenance,
                new EncoderVocabulary(new EncoderFactory.OfModel(model, encoder)),
                allowMixedModels);
    }

    /**
     * Prepares a sink where the job is submitted.
     *
     * @param unavailable notified, in a sentence, of a server that is unavailable while the job
     *     resumes: the job starts anyway, and its tasks prepare the sink later
     * @return the prepared sink, named by the sink's identity
     * @throws UnreachableException if the server is unavailable and the job does not resume
     * @throws ConnectorException if the sink cannot be written to
     */
    public static NamedSink prepare(
            VectorSink sink, SinkContext context, StartMode start, Consumer<String> unavailable) {
        PreparedSink prepared;
        try {
            prepared = sink.prepare(context, start);
        } catch (UnreachableException e) {
            if (start != StartMode.RESUME || !(sink instanceof BatchVectorSink batches)) {
                throw e;
            }
            unavailable.accept(
                    "Starting while " + context.identity() + " is unavailable: " + e.getMessage());
            prepared = new DeferredSink(batches, context);
        }
        return new NamedSink(
                prepared, context, start == StartMode.UNKNOWN ? sink : null, sink.displayName());
    }

    /** The provenance of the document vectors of an open encoder. */
    public static Provenance provenance(SpladeEncoder encoder) {
        return EncoderFactory.provenance(encoder);
    }
}
