package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.pipeline.Counters;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Reads the vectors at the positions that come in. */
final class Copy extends ProcessFunction<Long, VectorRecord> {

    private static final long serialVersionUID = 1L;

    private final VectorSource vectors;

    private transient VectorSource.Reader reader;
    private transient Count read;

    Copy(VectorSource vectors) {
        this.vectors = vectors;
    }

    /**
     * The positions of these vectors, and one too many where there are none: no source is empty.
     */
    static NumberSequenceSource positions(VectorSource vectors) {
        return new NumberSequenceSource(0, Math.max(0, vectors.positions() - 1));
    }

    @Override
    public void open(OpenContext openContext) {
        reader = vectors.open();
        read = new Count(getRuntimeContext(), Counters.READ);
    }

    @Override
    public void processElement(Long position, Context context, Collector<VectorRecord> out) {
        VectorRecord record = position < vectors.positions() ? reader.read(position) : null;
        if (record != null) {
            read.increment();
            out.collect(record);
        }
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
        }
    }
}
