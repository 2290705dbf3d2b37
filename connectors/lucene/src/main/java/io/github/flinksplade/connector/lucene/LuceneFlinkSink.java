package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.VectorRecord;
import java.time.Clock;
import java.util.Collection;
import java.util.Comparator;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.streaming.runtime.operators.sink.InitContextBase;

/**
 * Flink's sink of an index. The state of the writer is the commit of the checkpoint. There is no
 * committer: a restored writer opens that commit, which rolls back everything that was committed
 * after it.
 */
final class LuceneFlinkSink
        implements Sink<VectorRecord>, SupportsWriterState<VectorRecord, CommitPoint> {

    private static final long serialVersionUID = 1L;

    private final LuceneSettings settings;
    private final boolean reindex;
    private final SinkContext context;

    LuceneFlinkSink(LuceneSettings settings, boolean reindex, SinkContext context) {
        this.settings = settings;
        this.reindex = reindex;
        this.context = context;
    }

    @Override
    public LuceneWriter createWriter(WriterInitContext context) {
        return open(context, null);
    }

    @Override
    public StatefulSinkWriter<VectorRecord, CommitPoint> restoreWriter(
            WriterInitContext context, Collection<CommitPoint> states) {
        return open(
                context,
                states.stream()
                        .max(Comparator.comparingLong(CommitPoint::checkpointId))
                        .orElse(null));
    }

    private LuceneWriter open(WriterInitContext context, CommitPoint restored) {
        int parallelism = context.getTaskInfo().getNumberOfParallelSubtasks();
        if (parallelism > 1) {
            throw new ConnectorException(
                    "the index in "
                            + settings.directory()
                            + " requires one subtask, but the parallelism is "
                            + parallelism
                            + ". Set parallelism 1 for this sink");
        }
        return new LuceneWriter(
                new IndexDirectory(settings.path()),
                this.context,
                settings.storesText(),
                reindex,
                restored,
                context.metricGroup(),
                accumulator(context, BatchDelivery.superseded(this.context.identity())),
                accumulator(context, BatchDelivery.written(this.context.identity())),
                Clock.systemUTC());
    }

    /**
     * An accumulator for the report of a run. {@link WriterInitContext} has metrics only, but
     * Flink's implementation of it also has the accumulators of the task.
     */
    private static LongCounter accumulator(WriterInitContext context, String name) {
        return context instanceof InitContextBase task
                ? task.getRuntimeContext().getLongCounter(name)
                : new LongCounter();
    }

    @Override
    public SimpleVersionedSerializer<CommitPoint> getWriterStateSerializer() {
        return new CommitPoint.Serializer();
    }
}
