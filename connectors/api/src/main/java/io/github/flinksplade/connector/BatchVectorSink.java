package io.github.flinksplade.connector;

/**
 * A target on a server that is written in batches, see {@link BatchSink}. When the server of a job
 * that resumes is unavailable, the job starts all the same and the tasks that write prepare the
 * target later.
 */
public interface BatchVectorSink extends VectorSink {

    /** The size of batches, and what happens while the server is unavailable. */
    BatchOptions batching();

    @Override
    BatchSink prepare(SinkContext context, StartMode start);
}
