package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import org.apache.flink.api.connector.sink2.Sink;

/** Writes vectors to a Lucene index: one directory, one writer. */
final class LuceneSink implements VectorSink {

    private static final long serialVersionUID = 1L;

    private final LuceneSettings settings;

    LuceneSink(LuceneSettings settings) {
        this.settings = settings;
    }

    @Override
    public String identity() {
        return "lucene:" + settings.directory();
    }

    /**
     * Creates a missing index with an empty commit. A writer that later finds no index therefore
     * runs on another machine than the one that was checked.
     */
    @Override
    public PreparedSink prepare(SinkContext context, StartMode start) {
        IndexDirectory index = new IndexDirectory(settings.path());
        if (index.isVacant()) {
            start.requireMayCreate("the index in " + settings.directory());
            index.create(context.provenance(), settings.bm25());
        } else {
            index.check(context, settings.bm25());
        }
        return new PreparedIndex(settings, start == StartMode.REINDEX, context);
    }

    private record PreparedIndex(LuceneSettings settings, boolean reindex, SinkContext context)
            implements FlinkSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return LuceneSchema.rejection(record);
        }

        @Override
        public Sink<VectorRecord> sink() {
            return new LuceneFlinkSink(settings, reindex, context);
        }

        @Override
        public int maxParallelism() {
            return 1;
        }
    }
}
