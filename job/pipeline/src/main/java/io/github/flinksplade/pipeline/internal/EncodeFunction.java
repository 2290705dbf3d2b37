package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Role;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;

/**
 * Texts become vectors, in the engine that this process shares. What needs no inference waits only
 * for its turn. A text that cannot be encoded is a result too; anything else that fails is the
 * engine's, and fails the job.
 */
final class Encode extends RichAsyncFunction<Change, EncodedChange> {

    private static final long serialVersionUID = 1L;

    /** The name under which Flink's own plugin for GPUs is configured as a rule. */
    private static final String GPU = "gpu";

    private final EncoderFactory factory;
    private final Provenance provenance;
    private final long maxBytesInFlight;

    private transient EngineRegistry.Lease lease;
    private transient BytesInFlight inFlight;
    private transient Set<CompletableFuture<EncodedText>> waiting;
    private transient volatile boolean closed;

    Encode(EncoderFactory factory, Provenance provenance, long maxBytesInFlight) {
        this.factory = factory;
        this.provenance = provenance;
        this.maxBytesInFlight = maxBytesInFlight;
    }

    @Override
    public void open(OpenContext openContext) throws InterruptedException {
        inFlight = new BytesInFlight(maxBytesInFlight);
        waiting = ConcurrentHashMap.newKeySet();
        EngineRegistry.Lease acquired = EngineRegistry.acquire(onAssignedGpu());
        Provenance here = EncoderFactory.provenance(acquired.encoder());
        if (!here.fingerprint().equals(provenance.fingerprint())) {
            acquired.close();
            throw new ModelException(
                    "the model here is not the one the job was submitted with: expected "
                            + provenance.toMap()
                            + ", found "
                            + here.toMap()
                            + "; put the same model on every machine");
        }
        lease = acquired;
        registerMetrics(getRuntimeContext().getMetricGroup());
    }

    /** Where Flink gives this task manager GPUs, the first of them. */
    private EncoderFactory onAssignedGpu() {
        return getRuntimeContext().getExternalResourceInfos(GPU).stream()
                .flatMap(gpu -> gpu.getProperty("index").stream())
                .map(Integer::valueOf)
                .min(Integer::compare)
                .map(factory::onGpu)
                .orElse(factory);
    }

    /** They are the engine's, so all subtasks of a process report the same. */
    private void registerMetrics(MetricGroup metrics) {
        MicroBatcher batcher = lease.batcher();
        gauge(metrics, "paddingShare", s -> 1 - share(s.tokens(), s.paddedTokens()));
        gauge(metrics, "batchSize", s -> share(s.batchedDocuments(), s.batches()));
        gauge(
                metrics,
                "queueWaitMillis",
                s -> share(s.queueWaitNanos(), s.batchedDocuments()) / 1e6);
        gauge(metrics, "inferenceMillis", s -> share(s.inferenceNanos(), s.batches()) / 1e6);
        Gauge<Long> batches = () -> batcher.stats().batches();
        metrics.gauge("batches", batches);
        Gauge<Integer> queue = () -> batcher.stats().waiting();
        metrics.gauge("queueLength", queue);
        Gauge<Long> bytes = inFlight::bytes;
        metrics.gauge("bytesInFlight", bytes);
    }

    private void gauge(
            MetricGroup metrics, String name, ToDoubleFunction<MicroBatcher.Stats> value) {
        MicroBatcher batcher = lease.batcher();
        Gauge<Double> gauge = () -> value.applyAsDouble(batcher.stats());
        metrics.gauge(name, gauge);
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    @Override
    public void asyncInvoke(Change change, ResultFuture<EncodedChange> result)
            throws InterruptedException {
        BytesInFlight.Entry entry = inFlight.enter(change.origin().sizeInBytes());
        if (change.work() != Change.Work.ENCODE) {
            entry.done();
            result.complete(
                    Collections.singleton(new EncodedChange(change, null, 0, false, null, 0, 0)));
            return;
        }
        EngineRegistry.Lease engine = lease;
        CompletableFuture<EncodedText> future =
                engine.batcher().submit(change.text(), Role.DOCUMENT);
        waiting.add(future);
        future.whenComplete(
                (encoded, failure) -> {
                    waiting.remove(future);
                    entry.done();
                    if (!closed) {
                        complete(engine, change, encoded, failure, result);
                    }
                });
    }

    private static void complete(
            EngineRegistry.Lease engine,
            Change change,
            EncodedText encoded,
            Throwable failure,
            ResultFuture<EncodedChange> result) {
        EngineRegistry.Work work = engine.takeWork();
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause == null) {
            result.complete(
                    Collections.singleton(
                            new EncodedChange(
                                    change,
                                    encoded.vector(),
                                    encoded.tokens(),
                                    encoded.truncated(),
                                    null,
                                    work.tokens(),
                                    work.positions())));
        } else if (cause instanceof EncodingException) {
            result.complete(
                    Collections.singleton(
                            new EncodedChange(
                                    change,
                                    null,
                                    0,
                                    false,
                                    cause.getMessage(),
                                    work.tokens(),
                                    work.positions())));
        } else {
            result.completeExceptionally(cause);
        }
    }

    @Override
    public void close() {
        if (waiting != null) {
            // there are some only after a failure, and nobody waits for them any more
            closed = true;
            waiting.forEach(future -> future.cancel(false));
        }
        if (lease != null) {
            lease.close();
            lease = null;
        }
    }
}
