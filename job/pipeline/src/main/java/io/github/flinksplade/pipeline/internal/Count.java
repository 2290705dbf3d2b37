package io.github.flinksplade.pipeline.internal;

import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.Counter;

/** A counter that is both an accumulator of the job and a metric of the operator. */
final class Count {

    private final LongCounter accumulator;
    private final Counter metric;

    Count(RuntimeContext context, String name) {
        // operators of one task share their accumulators: this gets or creates it
        accumulator = context.getLongCounter(name);
        metric = context.getMetricGroup().counter(name);
    }

    void increment() {
        add(1);
    }

    void add(long number) {
        accumulator.add(number);
        metric.inc(number);
    }
}
