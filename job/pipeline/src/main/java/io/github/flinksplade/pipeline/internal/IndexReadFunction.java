package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.pipeline.VerifyJob;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.util.Collector;

/** Reads all records of an index. */
final class IndexReadFunction extends RichFlatMapFunction<Long, IndexRecord> {

    private static final long serialVersionUID = 1L;

    private final IndexedDocuments index;

    IndexReadFunction(IndexedDocuments index) {
        this.index = index;
    }

    @Override
    public void flatMap(Long start, Collector<IndexRecord> out) {
        LongCounter read = getRuntimeContext().getLongCounter(VerifyJob.INDEX_READ);
        try (IndexedDocuments.Reader reader = index.open()) {
            for (IndexedDocument next = reader.next(); next != null; next = reader.next()) {
                read.add(1L);
                String parent = Passages.parent(next.id(), next.fields());
                StoredRecord record = StoredRecord.of(next, parent);
                out.collect(new IndexRecord(parent == null ? next.id() : parent, record));
                if (next.isDelete() && Passages.document(next.id()) != null) {
                    // it may be the delete of a passage, which has no fields
                    out.collect(new IndexRecord(Passages.document(next.id()), record));
                }
            }
        }
    }
}
