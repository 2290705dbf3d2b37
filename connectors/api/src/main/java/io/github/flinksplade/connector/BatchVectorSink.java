package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * A target on a server that is written in batches, see {@link BatchSink}. If the server is
 * unavailable when a job resumes, the job starts anyway and its tasks prepare the target later.
 */
@PublicEvolving
public interface BatchVectorSink extends VectorSink {

    /** The size of batches, and what happens while the server is unavailable. */
    BatchOptions batching();

    @Override
    BatchSink prepare(SinkContext context, StartMode start);
}
