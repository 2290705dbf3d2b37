package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.PipelineMetrics;
import org.apache.flink.metrics.Counter;
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

    private final String source;

    private transient Count read;
    private transient Counter errors;
    private transient long unreported;

    /**
     * @param source the name of the source in metrics
     */
    InputOperator(String source) {
        this.source = source;
    }

    @Override
    public void open() throws Exception {
        super.open();
        read = new Count(getRuntimeContext(), Counters.READ, PipelineMetrics.READ, source);
        errors = PipelineMetrics.READ_ERRORS.counter(getMetricGroup(), source);
    }

    /** Counts a record that is not a valid document. */
    protected void countError() {
        errors.inc();
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
