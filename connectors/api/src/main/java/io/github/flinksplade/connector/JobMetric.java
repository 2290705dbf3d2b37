package io.github.flinksplade.connector;

import java.util.List;
import java.util.Locale;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/**
 * A metric of the job. It is declared once, as a constant and in the list of its owner; from these
 * come its registration and its row in docs/metrics.md.
 *
 * <p>It is registered in the group {@link #GROUP} of an operator. Labels are key-value groups, so a
 * reporter that supports labels gets the name of a sink as a label, and others as a part of the
 * scope. A Prometheus reporter calls it {@link #prometheusName()}.
 *
 * @param name name, with a unit if it is a duration, such as {@code inferenceMillis}
 * @param type what it measures
 * @param unit unit of the value, such as {@code changes}
 * @param labels names of its labels, in order; may be empty
 * @param description one or two sentences, in Markdown
 */
@PublicEvolving
public record JobMetric(
        String name, Type type, String unit, List<String> labels, String description) {

    /** The group of all metrics of flink-splade within the group of an operator. */
    public static final String GROUP = "splade";

    /** The scope of metrics of operators in the names of a Prometheus reporter. */
    private static final String PROMETHEUS_SCOPE = "flink_taskmanager_job_task_operator_";

    /** What a metric measures. */
    public enum Type {
        /** A number that only grows, from 0 at each start of the task. */
        COUNTER,

        /** A value at this moment. */
        GAUGE,

        /**
         * The distribution of values in the last minute: quantiles, and the maximum in a gauge of
         * its own, see {@link JobMetric#max()}.
         */
        HISTOGRAM;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public JobMetric {
        labels = List.copyOf(labels);
    }

    public static JobMetric counter(
            String name, String unit, List<String> labels, String description) {
        return new JobMetric(name, Type.COUNTER, unit, labels, description);
    }

    public static JobMetric gauge(
            String name, String unit, List<String> labels, String description) {
        return new JobMetric(name, Type.GAUGE, unit, labels, description);
    }

    public static JobMetric histogram(
            String name, String unit, List<String> labels, String description) {
        return new JobMetric(name, Type.HISTOGRAM, unit, labels, description);
    }

    /** The gauge that is registered with a histogram: its maximum in the last minute. */
    public JobMetric max() {
        require(Type.HISTOGRAM);
        return gauge(name + "Max", unit, labels, "The maximum of `" + name + "`.");
    }

    /**
     * Registers a counter.
     *
     * @param operator the group of the operator
     * @param values the values of the labels
     */
    public Counter counter(MetricGroup operator, String... values) {
        require(Type.COUNTER);
        return group(operator, values).counter(name);
    }

    /** Registers a gauge; see {@link #counter(MetricGroup, String...)}. Any thread reads it. */
    public void gauge(MetricGroup operator, Gauge<? extends Number> gauge, String... values) {
        require(Type.GAUGE);
        group(operator, values).gauge(name, gauge);
    }

    /** Registers a histogram and its maximum; see {@link #counter(MetricGroup, String...)}. */
    public void histogram(MetricGroup operator, MinuteHistogram histogram, String... values) {
        require(Type.HISTOGRAM);
        group(operator, values).histogram(name, histogram);
        max().gauge(operator, histogram::max, values);
    }

    private void require(Type expected) {
        if (type != expected) {
            throw new IllegalStateException(name + " is a " + type + ", not a " + expected);
        }
    }

    private MetricGroup group(MetricGroup operator, String... values) {
        if (values.length != labels.size()) {
            throw new IllegalArgumentException(
                    name + " has the labels " + labels + ", but got " + values.length + " values");
        }
        MetricGroup group = operator.addGroup(GROUP);
        for (int i = 0; i < values.length; i++) {
            group = group.addGroup(labels.get(i), values[i]);
        }
        return group;
    }

    /** The name in Flink's Prometheus reporter. */
    public String prometheusName() {
        StringBuilder full = new StringBuilder(PROMETHEUS_SCOPE).append(GROUP).append('_');
        labels.forEach(label -> full.append(label).append('_'));
        return full.append(name).toString();
    }
}
