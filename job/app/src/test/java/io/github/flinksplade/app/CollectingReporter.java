package io.github.flinksplade.app;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.flink.metrics.CharacterFilter;
import org.apache.flink.metrics.LogicalScopeProvider;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/** Collects all metrics that are registered in this process while it is open. */
public final class CollectingReporter implements MetricReporter {

    /** A registered metric with the values of its variables, such as {@code <sink>}. */
    record Registered(Metric metric, Map<String, String> variables) {}

    /** By the names of a Prometheus reporter. Metrics that were removed remain. */
    static final Map<String, List<Registered>> METRICS = new ConcurrentHashMap<>();

    /** Loaded by Flink. */
    public static final class Factory implements MetricReporterFactory {

        @Override
        public MetricReporter createMetricReporter(Properties properties) {
            return new CollectingReporter();
        }
    }

    @Override
    public void open(MetricConfig config) {}

    @Override
    public void close() {}

    @Override
    public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
        String scope =
                LogicalScopeProvider.castFrom(group)
                        .getLogicalScope(CharacterFilter.NO_OP_FILTER, '_');
        METRICS.computeIfAbsent(
                        "flink_" + scope + "_" + name, unused -> new CopyOnWriteArrayList<>())
                .add(new Registered(metric, group.getAllVariables()));
    }

    @Override
    public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {}
}
