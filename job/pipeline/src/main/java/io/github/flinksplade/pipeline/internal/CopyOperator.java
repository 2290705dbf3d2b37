package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Reads the vectors at the positions that it receives. */
final class CopyOperator extends InputOperator<Long, VectorRecord> {

    private static final long serialVersionUID = 1L;

    private final VectorSource vectors;

    private transient VectorSource.Reader reader;

    CopyOperator(VectorSource vectors) {
        super("vectors");
        this.vectors = vectors;
    }

    /**
     * The positions of these vectors; position 0 if there are none, because a number sequence is
     * never empty.
     */
    static NumberSequenceSource positions(VectorSource vectors) {
        return new NumberSequenceSource(0, Math.max(0, vectors.positions() - 1));
    }

    @Override
    public void open() throws Exception {
        super.open();
        reader = vectors.open();
    }

    @Override
    public void processElement(StreamRecord<Long> element) {
        long position = element.getValue();
        VectorRecord record = position < vectors.positions() ? reader.read(position) : null;
        if (record != null) {
            countRead();
            output.collect(new StreamRecord<>(record, System.currentTimeMillis()));
        }
    }

    @Override
    public void close() throws Exception {
        try {
            if (reader != null) {
                reader.close();
            }
        } finally {
            super.close();
        }
    }
}
