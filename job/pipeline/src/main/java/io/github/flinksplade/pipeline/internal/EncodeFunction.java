package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.PassageSplitter;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.pipeline.PipelineMetrics;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.PlannedPassage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;

/**
 * Encodes texts with the engine that all subtasks of a process share. Changes that need no
 * inference only keep their position. A text that cannot be encoded is a result, too; any other
 * failure is a failure of the engine and fails the job.
 */
final class EncodeFunction extends RichAsyncFunction<Change, EncodedChange> {

    private static final long serialVersionUID = 1L;

    private final EncoderFactory factory;
    private final Provenance provenance;
    private final PipelineOptions options;

    private transient EngineRegistry.Lease lease;

    /** Null unless documents are encoded in windows. */
    private transient PassageSplitter windows;

    private transient BytesInFlight inFlight;
    private transient Set<CompletableFuture<?>> pending;
    private transient volatile boolean closed;

    EncodeFunction(EncoderFactory factory, Provenance provenance, PipelineOptions options) {
        this.factory = factory;
        this.provenance = provenance;
        this.options = options;
    }

    @Override
    public void open(OpenContext openContext) throws InterruptedException {
        inFlight = new BytesInFlight(options.maxBytesInFlight());
        pending = ConcurrentHashMap.newKeySet();
        EngineRegistry.Lease acquired =
                EngineRegistry.acquire(factory.onAssignedGpu(getRuntimeContext()));
        Provenance actual = EncoderFactory.provenance(acquired.encoder());
        if (!actual.fingerprint().equals(provenance.fingerprint())) {
            acquired.close();
            throw new ModelException(
                    "the model on this machine is not the one the job was submitted with: expected "
                            + provenance.toMap()
                            + ", found "
                            + actual.toMap()
                            + ". Install the same model on every machine");
        }
        lease = acquired;
        if (options.longDocuments().mode() == Mode.MAX) {
            windows =
                    options.longDocuments()
                            .splitter(
                                    lease.encoder().tokenizer(),
                                    lease.encoder().info().documentTokens());
        }
        MetricGroup metrics = getRuntimeContext().getMetricGroup();
        PipelineMetrics.BYTES_IN_FLIGHT.gauge(metrics, inFlight::bytes);
        lease.report(metrics);
    }

    @Override
    public void asyncInvoke(Change change, ResultFuture<EncodedChange> result)
            throws InterruptedException {
        BytesInFlight.Entry entry = inFlight.enter(change.origin().sizeInBytes());
        if (change.work() != Change.Work.ENCODE) {
            entry.done();
            result.complete(Collections.singleton(EncodedChange.withoutInference(change)));
            return;
        }
        EngineRegistry.Lease engine = lease;
        CompletableFuture<Texts> future = submit(change);
        pending.add(future);
        future.whenComplete(
                (texts, failure) -> {
                    pending.remove(future);
                    entry.done();
                    if (!closed) {
                        complete(engine, change, texts, failure, result);
                    }
                });
    }

    /**
     * The vector of the document, or those of its passages.
     *
     * @param vectors with null for those that are stored or cannot be encoded
     * @param failure why one cannot be encoded, or null
     */
    private record Texts(List<EncodedText> vectors, EncodingException failure) {

        /** The results of futures, all of which are done. */
        static Texts of(List<CompletableFuture<EncodedText>> futures) {
            List<EncodedText> vectors = new ArrayList<>(futures.size());
            EncodingException failure = null;
            for (CompletableFuture<EncodedText> future : futures) {
                try {
                    vectors.add(future.join());
                } catch (CompletionException e) {
                    if (!(e.getCause() instanceof EncodingException cause)) {
                        throw e;
                    }
                    vectors.add(null);
                    failure = failure == null ? cause : failure;
                }
            }
            return new Texts(vectors, failure);
        }
    }

    private CompletableFuture<Texts> submit(Change change) {
        MicroBatcher batcher = lease.batcher();
        String text = change.document().text();
        List<CompletableFuture<EncodedText>> texts = new ArrayList<>();
        if (change.passages() == null) {
            try {
                texts.add(
                        track(
                                windows == null
                                        ? batcher.submit(text, Role.DOCUMENT)
                                        : batcher.submitMax(
                                                windows.split(text).stream()
                                                        .map(window -> window.of(text))
                                                        .toList(),
                                                Role.DOCUMENT)));
            } catch (EncodingException e) {
                texts.add(CompletableFuture.failedFuture(e));
            }
        } else {
            for (PlannedPassage passage : change.passages()) {
                texts.add(
                        passage.encode()
                                ? track(
                                        batcher.submit(
                                                passage.text(change.document()), Role.DOCUMENT))
                                : CompletableFuture.completedFuture(null));
            }
        }
        return CompletableFuture.allOf(texts.toArray(CompletableFuture[]::new))
                .handle((unused, failure) -> Texts.of(texts));
    }

    private CompletableFuture<EncodedText> track(CompletableFuture<EncodedText> future) {
        pending.add(future);
        future.whenComplete((encoded, failure) -> pending.remove(future));
        return future;
    }

    private static void complete(
            EngineRegistry.Lease engine,
            Change change,
            Texts texts,
            Throwable failure,
            ResultFuture<EncodedChange> result) {
        EngineUsage usage = engine.drainUsage();
        if (failure != null) {
            result.completeExceptionally(
                    failure instanceof CompletionException ? failure.getCause() : failure);
        } else if (texts.failure() != null) {
            result.complete(
                    Collections.singleton(
                            EncodedChange.failed(
                                    change, texts.vectors(), texts.failure().getMessage(), usage)));
        } else {
            result.complete(
                    Collections.singleton(EncodedChange.encoded(change, texts.vectors(), usage)));
        }
    }

    @Override
    public void close() {
        if (pending != null) {
            // some are pending only after a failure, and their results are not needed
            closed = true;
            pending.forEach(future -> future.cancel(false));
        }
        if (lease != null) {
            lease.close();
            lease = null;
        }
    }
}
