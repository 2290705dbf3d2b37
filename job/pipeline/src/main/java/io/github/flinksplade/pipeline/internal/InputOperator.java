package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Counters;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * The first operator after a source. Counts the records read, and reports their number to the
 * {@link NoticeBoard} with each notice, every {@link #REPORT_INTERVAL} records, before each
 * checkpoint and at the end.
 */
abstract class InputOperator<I, O> extends AbstractStreamOperator<O>
        implements OneInputStreamOperator<I, O>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    static final long REPORT_INTERVAL = 100;

    private transient Count read;
    private transient long unreported;

    @Override
    public void open() throws Exception {
        super.open();
        read = new Count(getRuntimeContext(), Counters.READ);
    }

    /** Counts a record. */
    protected void countRead() {
        read.increment();
        if (++unreported >= REPORT_INTERVAL) {
            report();
        }
    }

    protected void report(Notice notice) {
        output.collect(Notice.OUTPUT, new StreamRecord<>(notice.withRead(unreported)));
        unreported = 0;
    }

    private void report() {
        if (unreported > 0) {
            report(Notice.ofRead(0));
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        report();
    }

    @Override
    public void endInput() {
        report();
    }
}
