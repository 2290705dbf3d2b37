package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Collects texts that arrive one at a time into batches for the engine. A worker that becomes free
 * takes the waiting texts that fit one batch; it never waits for a batch to fill. Texts are
 * tokenized on separate threads, so that tokenization and inference overlap.
 *
 * <p>Failures: a batch that fails is halved until single texts fail. Such a text fails with an
 * {@link EncodingException} only if it fails again after a text that succeeded before has succeeded
 * once more. If that text fails too, the engine is broken, and all texts of the batch fail with the
 * engine's exception. An {@link Error}, such as {@link OutOfMemoryError}, is never attributed to a
 * text.
 *
 * <p>The batcher keeps every text from {@link #submit} until its future completes: the caller
 * limits how many are in flight. Safe for use by multiple threads.
 */
public final class MicroBatcher implements AutoCloseable {

    private static final AtomicInteger INSTANCES = new AtomicInteger();

    private final SpladeEncoder encoder;
    private final BatchListener listener;
    private final ThreadPoolExecutor tokenizers;
    private final List<Thread> workers = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Role, Lane> lanes = new EnumMap<>(Role.class);
    private boolean closed; // guarded by lock

    private final LongAdder documents = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder truncated = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder batchedDocuments = new LongAdder();
    private final LongAdder tokens = new LongAdder();
    private final LongAdder paddedTokens = new LongAdder();
    private final LongAdder queueWaitNanos = new LongAdder();
    private final LongAdder inferenceNanos = new LongAdder();

    /**
     * Counters since the batcher was created.
     *
     * @param documents encoded texts, queries included
     * @param failed texts that could not be encoded, for whatever reason
     * @param truncated how many of {@code documents} exceeded their token limit
     * @param batches calls of the engine
     * @param batchedDocuments texts in all these batches, including retries after a failure
     * @param tokens their tokens, without padding
     * @param paddedTokens their tokens, padding included
     * @param queueWaitNanos from submission to the start of the first batch, tokenization included,
     *     summed over texts
     * @param inferenceNanos time in the engine, summed over {@code batches}
     * @param waiting texts that are tokenized and wait for a batch at this moment
     */
    public record Stats(
            long documents,
            long failed,
            long truncated,
            long batches,
            long batchedDocuments,
            long tokens,
            long paddedTokens,
            long queueWaitNanos,
            long inferenceNanos,
            int waiting) {}

    /** Creates a batcher that tokenizes on half of the cores, at least 1 and at most 8. */
    public MicroBatcher(SpladeEncoder encoder) {
        this(encoder, BatchListener.NONE);
    }

    /** As {@link #MicroBatcher(SpladeEncoder)}, with a listener. */
    public MicroBatcher(SpladeEncoder encoder, BatchListener listener) {
        this(
                encoder,
                Math.max(1, Math.min(8, Runtime.getRuntime().availableProcessors() / 2)),
                listener);
    }

    /**
     * Creates a batcher.
     *
     * @param encoder remains owned by the caller, and must be closed after the batcher
     * @param tokenizerThreads number of threads that tokenize, at least 1
     */
    public MicroBatcher(SpladeEncoder encoder, int tokenizerThreads) {
        this(encoder, tokenizerThreads, BatchListener.NONE);
    }

    private MicroBatcher(SpladeEncoder encoder, int tokenizerThreads, BatchListener listener) {
        if (tokenizerThreads < 1) {
            throw new IllegalArgumentException(
                    "tokenizer threads must be at least 1, not " + tokenizerThreads);
        }
        this.encoder = encoder;
        this.listener = listener;
        int instance = INSTANCES.incrementAndGet();
        AtomicInteger number = new AtomicInteger();
        tokenizers =
                new ThreadPoolExecutor(
                        tokenizerThreads,
                        tokenizerThreads,
                        0,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        task ->
                                daemon(
                                        task,
                                        "splade-tokenizer-"
                                                + instance
                                                + "-"
                                                + number.incrementAndGet()));
        for (Role role : encoder.roles()) {
            Engine engine = encoder.engine(role);
            Lane lane =
                    lanes.values().stream()
                            .filter(known -> known.engine == engine)
                            .findFirst()
                            .orElseGet(() -> new Lane(role, engine));
            lanes.put(role, lane);
            for (int i = 0; lane.role == role && i < engine.limits().workers(); i++) {
                workers.add(
                        daemon(
                                lane::work,
                                "splade-encoder-" + instance + "-" + (workers.size() + 1)));
            }
        }
        workers.forEach(Thread::start);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Encodes a text. The future fails with an {@link EncodingException} if this text cannot be
     * encoded (null cannot), with an {@link IllegalStateException} if the batcher is closed first,
     * and with any other exception if the engine is broken. It completes on a thread of the
     * batcher: dependent actions must be short. A text whose future is canceled while it waits is
     * skipped.
     *
     * @throws IllegalStateException if the encoder was not opened for the role
     */
    public CompletableFuture<EncodedText> submit(String text, Role role) {
        return submit(text, role, TruncationSide.RIGHT);
    }

    /** As {@link #submit(String, Role)}; a text that is too long is truncated on this side. */
    public CompletableFuture<EncodedText> submit(String text, Role role, TruncationSide side) {
        return submit(new Text(text(text, role, side), role, true));
    }

    /**
     * Encodes a text that is already tokenized; fails as {@link #submit(String, Role)} does.
     *
     * @param tokens at least one token, and at most as many as the role's limit. They must be in
     *     the vocabulary
     * @throws IllegalStateException if the encoder was not opened for the role
     */
    public CompletableFuture<EncodedText> submitTokens(TokenSequence tokens, Role role) {
        return submit(new Text(() -> tokens, role, true));
    }

    private Supplier<TokenSequence> text(String text, Role role, TruncationSide side) {
        return () -> {
            if (text == null) {
                throw new EncodingException("the text is null");
            }
            return encoder.tokenizer().tokenize(text, role, side);
        };
    }

    private CompletableFuture<EncodedText> submit(Text submitted) {
        try {
            tokenizers.execute(submitted);
        } catch (RejectedExecutionException e) {
            submitted.fail(closed(e));
        }
        return submitted.result;
    }

    /**
     * Encodes the windows of a text as one vector: each term gets its largest weight in any window,
     * and the result is pruned. The number of tokens is the sum of those of the windows. Fails as
     * {@link #submit} does, if one of the windows fails.
     */
    public CompletableFuture<EncodedText> submitMax(List<String> windows, Role role) {
        if (windows.size() == 1) {
            return submit(windows.get(0), role);
        }
        List<CompletableFuture<EncodedText>> submitted =
                windows.stream()
                        .map(window -> text(window, role, TruncationSide.RIGHT))
                        .map(window -> submit(new Text(window, role, false)))
                        .toList();
        CompletableFuture<EncodedText> result =
                CompletableFuture.allOf(submitted.toArray(CompletableFuture[]::new))
                        .thenApply(
                                unused ->
                                        encoder.max(
                                                submitted.stream()
                                                        .map(CompletableFuture::join)
                                                        .toList(),
                                                role));
        result.whenComplete(
                (encoded, failure) -> {
                    if (failure != null) {
                        submitted.forEach(window -> window.cancel(false));
                    }
                });
        return result;
    }

    /** The number of threads that tokenize. */
    public int tokenizerThreads() {
        return tokenizers.getCorePoolSize();
    }

    /** The current counters. */
    public Stats stats() {
        int waiting;
        lock.lock();
        try {
            waiting = distinctLanes().mapToInt(lane -> lane.planner.size()).sum();
        } finally {
            lock.unlock();
        }
        return new Stats(
                documents.sum(),
                failed.sum(),
                truncated.sum(),
                batches.sum(),
                batchedDocuments.sum(),
                tokens.sum(),
                paddedTokens.sum(),
                queueWaitNanos.sum(),
                inferenceNanos.sum(),
                waiting);
    }

    /**
     * Completes running batches, fails waiting texts and stops the threads. Does not close the
     * encoder.
     */
    @Override
    public void close() {
        List<Text> waiting;
        lock.lock();
        try {
            closed = true;
            waiting = new ArrayList<>();
            distinctLanes()
                    .forEach(
                            lane -> {
                                waiting.addAll(lane.planner.drain());
                                lane.arrived.signalAll();
                            });
        } finally {
            lock.unlock();
        }
        for (Runnable untokenized : tokenizers.shutdownNow()) {
            waiting.add((Text) untokenized);
        }
        waiting.forEach(text -> text.fail(closed(null)));
        boolean interrupted = Thread.interrupted();
        for (Thread worker : workers) {
            // a completed future may close the batcher on one of its own threads
            while (worker != Thread.currentThread() && worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static IllegalStateException closed(Throwable cause) {
        return new IllegalStateException("the encoder's queue is closed", cause);
    }

    private Stream<Lane> distinctLanes() {
        return lanes.values().stream().distinct();
    }

    /** A submitted text; as a task, it tokenizes itself and joins the queue. */
    private final class Text implements Runnable {
        final CompletableFuture<EncodedText> result = new CompletableFuture<>();
        final Role role;
        final Lane lane;
        final boolean isPruned;
        final long submittedNanos = System.nanoTime();
        Supplier<TokenSequence> source; // until it is tokenized
        TokenSequence tokens; // once it is tokenized

        Text(Supplier<TokenSequence> source, Role role, boolean isPruned) {
            this.source = source;
            this.role = Objects.requireNonNull(role, "role");
            encoder.engine(role); // rejects a role for which the encoder was not opened
            this.lane = lanes.get(role);
            this.isPruned = isPruned;
        }

        @Override
        public void run() {
            if (result.isDone()) {
                return;
            }
            try {
                tokens = source.get();
                source = null;
            } catch (Throwable e) {
                fail(e);
                return;
            }
            lock.lock();
            try {
                if (!closed) {
                    lane.planner.add(this);
                    lane.arrived.signal();
                    return;
                }
            } finally {
                lock.unlock();
            }
            fail(closed(null));
        }

        int paddedLength() {
            return lane.engine.limits().padded(tokens.ids().length);
        }

        void fail(Throwable cause) {
            failed.increment();
            result.completeExceptionally(cause);
        }
    }

    private record Failure(Text text, RuntimeException cause) {}

    /** The queue of one engine, which encodes one role or both, and what its workers do. */
    private final class Lane {
        final Role role;
        final Engine engine;
        final Condition arrived = lock.newCondition();

        /** Guarded by {@code lock}. */
        final BatchPlanner<Text> planner =
                new BatchPlanner<>(Text::paddedLength, text -> text.result.isDone());

        /** The last sequence that the engine encoded successfully; null until there is one. */
        private volatile TokenSequence knownGood;

        /**
         * @param role one that the engine encodes
         */
        Lane(Role role, Engine engine) {
            this.role = role;
            this.engine = engine;
        }

        void work() {
            for (List<Text> batch = take(); batch != null; batch = take()) {
                long now = System.nanoTime();
                for (Text text : batch) {
                    queueWaitNanos.add(now - text.submittedNanos);
                    listener.started(now - text.submittedNanos);
                }
                try {
                    encode(batch);
                } catch (Throwable e) {
                    // not attributed to a text; the worker continues, as the next batch may succeed
                    for (Text text : batch) {
                        if (!text.result.isDone()) {
                            text.fail(e);
                        }
                    }
                }
            }
        }

        /** Waits for the next batch; null if the batcher is closed. */
        private List<Text> take() {
            lock.lock();
            try {
                while (!closed) {
                    List<Text> batch = planner.next(engine.limits());
                    if (!batch.isEmpty()) {
                        return batch;
                    }
                    arrived.awaitUninterruptibly();
                }
                return null;
            } finally {
                lock.unlock();
            }
        }

        private void encode(List<Text> batch) {
            List<Failure> failures = new ArrayList<>();
            encode(batch, failures);
            RuntimeException broken = null;
            for (Failure failure : failures) {
                RuntimeException cause = failure.cause();
                if (cause instanceof EncodingException) {
                    failure.text().fail(cause);
                } else if (broken != null) {
                    failure.text().fail(broken);
                } else if (engineFailsKnownGood(cause)) {
                    broken = cause;
                    failure.text().fail(broken);
                } else {
                    retryUnbatched(failure.text());
                }
            }
        }

        /**
         * Encodes a batch, halving it on failure; adds texts that fail unbatched to the failures.
         */
        private void encode(List<Text> batch, List<Failure> failures) {
            List<SparseVector> vectors;
            try {
                vectors = infer(batch.stream().map(text -> text.tokens).toList());
            } catch (RuntimeException e) {
                if (batch.size() == 1) {
                    failures.add(new Failure(batch.get(0), e));
                } else {
                    int half = batch.size() / 2;
                    encode(batch.subList(0, half), failures);
                    encode(batch.subList(half, batch.size()), failures);
                }
                return;
            }
            for (int i = 0; i < vectors.size(); i++) {
                finish(batch.get(i), vectors.get(i));
            }
            knownGood = batch.get(0).tokens;
        }

        private void retryUnbatched(Text text) {
            SparseVector vector;
            try {
                vector = infer(List.of(text.tokens)).get(0);
            } catch (EncodingException e) {
                text.fail(e);
                return;
            } catch (RuntimeException e) {
                String reason = e.getMessage() == null ? e.getClass().getName() : e.getMessage();
                text.fail(new EncodingException("the model fails on this text: " + reason, e));
                return;
            }
            finish(text, vector);
        }

        /** Whether the engine fails on a text that it has encoded before, or on an empty text. */
        private boolean engineFailsKnownGood(RuntimeException suppressing) {
            try {
                TokenSequence good = knownGood;
                infer(List.of(good != null ? good : encoder.tokenizer().tokenize("", role)));
                return false;
            } catch (RuntimeException e) {
                if (e != suppressing) {
                    suppressing.addSuppressed(e);
                }
                return true;
            }
        }

        private void finish(Text text, SparseVector vector) {
            EncodedText encoded =
                    text.isPruned
                            ? encoder.finish(text.tokens, vector, text.role)
                            : new EncodedText(
                                    vector, text.tokens.tokens(), text.tokens.truncated());
            documents.increment();
            if (encoded.truncated()) {
                truncated.increment();
            }
            text.result.complete(encoded);
        }

        private List<SparseVector> infer(List<TokenSequence> batch) {
            long unpadded = 0;
            int longest = 0;
            for (TokenSequence sequence : batch) {
                unpadded += sequence.ids().length;
                longest = Math.max(longest, sequence.ids().length);
            }
            batches.increment();
            batchedDocuments.add(batch.size());
            tokens.add(unpadded);
            long padded = (long) engine.limits().padded(longest) * batch.size();
            paddedTokens.add(padded);
            long start = System.nanoTime();
            List<SparseVector> vectors;
            try {
                vectors = engine.run(batch);
            } finally {
                long nanos = System.nanoTime() - start;
                inferenceNanos.add(nanos);
                listener.finished(batch.size(), unpadded, padded, nanos);
            }
            if (vectors.size() != batch.size()) {
                throw new IllegalStateException(
                        "the engine returned "
                                + vectors.size()
                                + " vectors for "
                                + batch.size()
                                + " documents");
            }
            return vectors;
        }
    }
}
