package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;
import java.nio.file.Path;
import org.apache.flink.api.connector.sink2.Sink;

/** A Lucene index as a target: one directory, one writer. */
final class LuceneTarget implements SinkTarget {

    private static final long serialVersionUID = 1L;

    /** A string, for a {@link Path} is not serializable. */
    private final String directory;

    private final boolean storeText;

    /** What check() was told. */
    private boolean refill;

    LuceneTarget(Path directory, boolean storeText) {
        this.directory = directory.toString();
        this.storeText = storeText;
    }

    /**
     * Creates the index when there is none, with a first, empty commit. So a writer that later
     * finds no index knows that it runs on another machine than the one that was checked.
     */
    @Override
    public void check(TargetContext context, StartMode start) {
        IndexDirectory index = new IndexDirectory(Path.of(directory));
        refill = start == StartMode.REFILL;
        if (index.isVacant()) {
            start.beginEmpty("the index in " + directory);
            index.create(context.provenance());
        } else {
            index.check(context);
        }
    }

    @Override
    public String rejection(VectorRecord record) {
        return DocumentLayout.rejection(record);
    }

    @Override
    public Sink<VectorRecord> sink(TargetContext context) {
        return new LuceneSink(directory, storeText, refill, context);
    }

    @Override
    public int maxParallelism() {
        return 1;
    }
}
