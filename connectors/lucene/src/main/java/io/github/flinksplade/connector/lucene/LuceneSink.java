package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.nio.file.Path;
import org.apache.flink.api.connector.sink2.Sink;

/** A Lucene index as a target: one directory, one writer. */
final class LuceneSink implements VectorSink {

    private static final long serialVersionUID = 1L;

    /** A string, because a {@link Path} is not serializable. */
    private final String directory;

    private final boolean storeText;

    LuceneSink(Path directory, boolean storeText) {
        this.directory = directory.toString();
        this.storeText = storeText;
    }

    @Override
    public String identity() {
        return "lucene:" + directory;
    }

    /**
     * Creates the index when there is none, with a first, empty commit. So a writer that later
     * finds no index knows that it runs on another machine than the one that was checked.
     */
    @Override
    public PreparedSink prepare(SinkContext context, StartMode start) {
        IndexDirectory index = new IndexDirectory(Path.of(directory));
        if (index.isVacant()) {
            start.requireMayCreate("the index in " + directory);
            index.create(context.provenance());
        } else {
            index.check(context);
        }
        return new PreparedIndex(directory, storeText, start == StartMode.REINDEX, context);
    }

    private record PreparedIndex(
            String directory, boolean storeText, boolean reindex, SinkContext context)
            implements FlinkSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return LuceneSchema.rejection(record);
        }

        @Override
        public Sink<VectorRecord> sink() {
            return new LuceneFlinkSink(directory, storeText, reindex, context);
        }

        @Override
        public int maxParallelism() {
            return 1;
        }
    }
}
