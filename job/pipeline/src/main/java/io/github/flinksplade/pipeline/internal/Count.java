package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.JobMetric;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.Counter;

/** A counter that is both an accumulator of the job and a metric of the operator. */
final class Count {

    private final LongCounter accumulator;
    private final Counter metric;

    /**
     * @param name the name of the accumulator
     * @param labels the values of the metric's labels
     */
    Count(RuntimeContext context, String name, JobMetric metric, String... labels) {
        // operators of one task share their accumulators: this gets or creates it
        accumulator = context.getLongCounter(name);
        this.metric = metric.counter(context.getMetricGroup(), labels);
    }

    void increment() {
        add(1);
    }

    void add(long number) {
        accumulator.add(number);
        metric.inc(number);
    }
}
