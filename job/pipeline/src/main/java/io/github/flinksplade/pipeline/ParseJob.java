package io.github.flinksplade.pipeline;

import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.internal.VerifyTopology;
import java.util.List;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Parses all records of bounded sources and does nothing with the documents. Its accumulators are
 * {@link Counters#READ}, {@link Counters#PARSED} and {@link Notices}.
 */
public final class ParseJob {

    private ParseJob() {}

    /**
     * Adds the job to the environment, which the caller executes without checkpoints. Disables
     * generic types and generated uids, and enables object reuse.
     *
     * @param sources at least one, bounded
     * @param maxRecordBytes see {@link PipelineOptions#maxRecordBytes()}
     */
    public static void define(
            StreamExecutionEnvironment env, List<NamedSource> sources, long maxRecordBytes) {
        VerifyTopology.parseOnly(env, sources, maxRecordBytes);
    }
}
