package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.MinuteHistogram;
import io.github.flinksplade.encoder.BatchListener;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.PipelineMetrics;
import org.apache.flink.metrics.MetricGroup;

/** The metrics of an engine, which live as long as it does, whichever subtask reports them. */
final class EngineMetrics implements BatchListener {

    private final MinuteHistogram batchSize = new MinuteHistogram();
    private final MinuteHistogram padding = new MinuteHistogram();
    private final MinuteHistogram queueTime = new MinuteHistogram();
    private final MinuteHistogram inferenceTime = new MinuteHistogram();

    @Override
    public void started(long waitedNanos) {
        queueTime.update(waitedNanos / 1_000_000);
    }

    @Override
    public void finished(int texts, long tokens, long paddedTokens, long nanos) {
        batchSize.update(texts);
        padding.update(100 * (paddedTokens - tokens) / Math.max(1, paddedTokens));
        inferenceTime.update(nanos / 1_000_000);
    }

    /** Registers the metrics in the group of an operator. */
    void register(MetricGroup operator, SpladeEncoder encoder, MicroBatcher batcher) {
        ModelInfo info = encoder.info();
        String model = info.name();
        PipelineMetrics.BATCH_SIZE.histogram(operator, batchSize, model);
        PipelineMetrics.PADDING.histogram(operator, padding, model);
        PipelineMetrics.QUEUE_TIME.histogram(operator, queueTime, model);
        PipelineMetrics.INFERENCE_TIME.histogram(operator, inferenceTime, model);
        PipelineMetrics.QUEUE_LENGTH.gauge(operator, () -> batcher.stats().waiting(), model);
        PipelineMetrics.BATCH_TOKENS_LIMIT.gauge(
                operator, () -> encoder.maxBatchTokens(Role.DOCUMENT), model);
        PipelineMetrics.MODEL_INFO.gauge(
                operator,
                () -> 1,
                model,
                EncoderFactory.provenance(encoder).fingerprint(),
                info.precision(),
                info.device());
    }
}
