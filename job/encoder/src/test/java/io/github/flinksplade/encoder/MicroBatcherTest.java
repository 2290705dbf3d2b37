package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MicroBatcherTest {

    /** An engine that records its batches and calls a hook before each. */
    private static final class RecordingEngine implements Engine {
        final Engine engine;
        final Limits limits;
        final Consumer<List<TokenSequence>> before;
        final List<List<TokenSequence>> batches = Collections.synchronizedList(new ArrayList<>());

        RecordingEngine(Engine engine, Limits limits, Consumer<List<TokenSequence>> before) {
            this.engine = engine;
            this.limits = limits;
            this.before = before;
        }

        @Override
        public Limits limits() {
            return limits;
        }

        @Override
        public List<SparseVector> run(List<TokenSequence> batch) {
            batches.add(batch);
            before.accept(batch);
            return engine.run(batch);
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private static SpladeEncoder encoder(RecordingEngine engine) {
        SpladeEncoder fake = FakeEncoder.create();
        return FakeEncoder.of(fake.info(), fake.tokenizer(), engine, fake.options());
    }

    private static RecordingEngine engine(
            Engine.Limits limits, Consumer<List<TokenSequence>> before) {
        return new RecordingEngine(FakeEncoder.create().engine(Role.DOCUMENT), limits, before);
    }

    private static final Engine.Limits LIMITS = new Engine.Limits(1, 8, 200, false);

    /** Blocks the engine until the test releases permits, one per batch. */
    private static final class Gate implements Consumer<List<TokenSequence>> {
        final Semaphore permits = new Semaphore(0);
        final AtomicInteger entered = new AtomicInteger();

        @Override
        public void accept(List<TokenSequence> batch) {
            entered.incrementAndGet();
            permits.acquireUninterruptibly();
        }

        void open() {
            permits.release(1_000_000);
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited 30 s").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static String words(int count, int seed) {
        return IntStream.range(0, count)
                .mapToObj(i -> "w" + seed + "x" + i)
                .collect(Collectors.joining(" "));
    }

    private static Throwable failure(CompletableFuture<?> future) throws Exception {
        try {
            future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            return e.getCause();
        }
        throw new AssertionError("succeeded");
    }

    @Test
    void encodesSingleTextImmediately() throws Exception {
        try (SpladeEncoder encoder = FakeEncoder.create();
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            EncodedText encoded = batcher.submit("one two three", Role.DOCUMENT).get();
            assertThat(encoded.vector()).isEqualTo(FakeEncoder.vector("one two three"));
            assertThat(encoded.tokens()).isEqualTo(3);
            assertThat(encoded.truncated()).isFalse();
        }
    }

    @Test
    void notifiesListenerOfTextsAndBatches() throws Exception {
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        BatchListener listener =
                new BatchListener() {
                    @Override
                    public void started(long waitedNanos) {
                        assertThat(waitedNanos).isPositive();
                        events.add("started");
                    }

                    @Override
                    public void finished(int texts, long tokens, long paddedTokens, long nanos) {
                        assertThat(nanos).isPositive();
                        events.add("finished " + texts + " " + tokens + " " + paddedTokens);
                    }
                };
        try (SpladeEncoder encoder = FakeEncoder.create();
                MicroBatcher batcher = new MicroBatcher(encoder, listener)) {
            batcher.submit("one two three", Role.DOCUMENT).get();
            assertThat(events).containsExactly("started", "finished 1 3 3");
        }
    }

    @Test
    void batchesTextsThatArriveWhileTheEngineIsBusy() throws Exception {
        Gate gate = new Gate();
        RecordingEngine engine = engine(LIMITS, gate);
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine), 1)) {
            CompletableFuture<EncodedText> first = batcher.submit("first", Role.DOCUMENT);
            await(() -> gate.entered.get() == 1);
            List<CompletableFuture<EncodedText>> rest = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                rest.add(batcher.submit(words(10, i), Role.DOCUMENT));
            }
            await(() -> batcher.stats().waiting() == 16);
            gate.open();
            CompletableFuture.allOf(rest.toArray(CompletableFuture[]::new)).get();
            first.get();
            assertThat(engine.batches).extracting(List::size).containsExactly(1, 8, 8);
            MicroBatcher.Stats stats = batcher.stats();
            assertThat(stats.documents()).isEqualTo(17);
            assertThat(stats.batches()).isEqualTo(3);
            assertThat(stats.batchedDocuments()).isEqualTo(17);
            assertThat(stats.tokens()).isEqualTo(161);
            assertThat(stats.paddedTokens()).isEqualTo(161);
            assertThat(stats.failed()).isZero();
            assertThat(stats.waiting()).isZero();
            assertThat(stats.queueWaitNanos()).isPositive();
            assertThat(stats.inferenceNanos()).isPositive();
        }
    }

    @Test
    void nextBatchContainsTheOldestText() throws Exception {
        Gate gate = new Gate();
        RecordingEngine engine = engine(new Engine.Limits(1, 4, 400, true), gate);
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine), 1)) {
            batcher.submit("first", Role.DOCUMENT);
            await(() -> gate.entered.get() == 1);
            CompletableFuture<EncodedText> odd = batcher.submit(words(33, 0), Role.DOCUMENT);
            List<CompletableFuture<EncodedText>> crowd = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                crowd.add(batcher.submit(words(7, i), Role.DOCUMENT));
            }
            await(() -> batcher.stats().waiting() == 101);
            gate.permits.release(2);
            odd.get();
            assertThat(crowd).noneMatch(CompletableFuture::isDone);
            gate.open();
            CompletableFuture.allOf(crowd.toArray(CompletableFuture[]::new)).get();
        }
    }

    /** If a worker slept while texts wait, the next run would never start; nothing is timed. */
    @Test
    void workersAreBusyWhileTextsWait() throws Exception {
        for (int workers = 1; workers <= 4; workers++) {
            Gate gate = new Gate();
            RecordingEngine engine = engine(new Engine.Limits(workers, 4, 400, true), gate);
            try (MicroBatcher batcher = new MicroBatcher(encoder(engine), 2)) {
                try {
                    awaitBusyWorkers(batcher, workers, gate);
                } finally {
                    gate.open();
                }
            }
            // 14, 13 and 13 texts of three lengths, in fours
            assertThat(engine.batches).hasSize(workers + 4 + 4 + 4);
        }
    }

    private static void awaitBusyWorkers(MicroBatcher batcher, int workers, Gate gate) {
        // as many lengths as workers: each text is a batch, and takes a worker
        for (int i = 1; i <= workers; i++) {
            batcher.submit(words(i, i), Role.DOCUMENT);
        }
        await(() -> gate.entered.get() == workers);
        for (int i = 0; i < 40; i++) {
            batcher.submit(words(1 + i % 3, i), Role.DOCUMENT);
        }
        await(() -> batcher.stats().waiting() == 40);
        assertThat(gate.entered.get()).isEqualTo(workers);
        // each released run is followed by the next although nothing else is submitted
        for (int released = 1; batcher.stats().waiting() > 0; released++) {
            gate.permits.release();
            int started = workers + released;
            await(() -> gate.entered.get() == started);
        }
    }

    @Test
    void onlyPoisonedTextsFail() throws Exception {
        AtomicInteger held = new AtomicInteger();
        Gate gate = new Gate();
        RecordingEngine engine =
                engine(
                        new Engine.Limits(1, 64, 4000, false),
                        batch -> {
                            if (held.getAndIncrement() == 0) {
                                gate.accept(batch);
                            }
                        });
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine))) {
            batcher.submit("first", Role.DOCUMENT);
            await(() -> gate.entered.get() == 1);
            List<CompletableFuture<EncodedText>> futures = new ArrayList<>();
            Set<Integer> bad = Set.of(0, 13, 14, 39);
            for (int i = 0; i < 40; i++) {
                String text = "a b c d" + i;
                futures.add(
                        batcher.submit(
                                bad.contains(i) ? text.replace("b", FakeEncoder.POISON) : text,
                                Role.DOCUMENT));
            }
            await(() -> batcher.stats().waiting() == 40);
            gate.open();
            for (int i = 0; i < 40; i++) {
                if (bad.contains(i)) {
                    assertThat(failure(futures.get(i)))
                            .isInstanceOf(EncodingException.class)
                            .hasMessageContaining("the batch contains a poisoned text")
                            .hasCauseInstanceOf(IllegalStateException.class);
                } else {
                    assertThat(futures.get(i).get().vector())
                            .isEqualTo(FakeEncoder.vector("a b c d" + i));
                }
            }
            assertThat(batcher.stats().failed()).isEqualTo(4);
            assertThat(batcher.stats().documents()).isEqualTo(37);
        }
    }

    @Test
    void poisonedFirstTextFailsAlone() throws Exception {
        try (SpladeEncoder encoder = FakeEncoder.create();
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            assertThat(failure(batcher.submit(FakeEncoder.POISON, Role.DOCUMENT)))
                    .isInstanceOf(EncodingException.class);
            assertThat(batcher.submit("well", Role.QUERY).get().vector())
                    .isEqualTo(FakeEncoder.vector("well"));
        }
    }

    @Test
    void brokenEngineFailsTextsWithItsOwnException() throws Exception {
        CountDownLatch broken = new CountDownLatch(1);
        RecordingEngine engine =
                engine(
                        LIMITS,
                        batch -> {
                            if (broken.getCount() == 0) {
                                throw new IllegalStateException("the device is lost");
                            }
                        });
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine))) {
            batcher.submit("before", Role.DOCUMENT).get();
            broken.countDown();
            for (int i = 0; i < 20; i++) {
                assertThat(failure(batcher.submit("text " + i, Role.DOCUMENT)))
                        .isNotInstanceOf(EncodingException.class)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("the device is lost");
            }
        }
    }

    @Test
    void retriesAfterTransientFailure() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        RecordingEngine engine =
                engine(
                        LIMITS,
                        batch -> {
                            if (calls.incrementAndGet() == 2) {
                                throw new IllegalStateException("a hiccup");
                            }
                        });
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine))) {
            batcher.submit("one", Role.DOCUMENT).get();
            assertThat(batcher.submit("two", Role.DOCUMENT).get().vector())
                    .isEqualTo(FakeEncoder.vector("two"));
        }
    }

    @Test
    void workerContinuesAfterError() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        RecordingEngine engine =
                engine(
                        LIMITS,
                        batch -> {
                            if (calls.incrementAndGet() == 1) {
                                throw new OutOfMemoryError("for the test");
                            }
                        });
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine))) {
            assertThat(failure(batcher.submit("one", Role.DOCUMENT)))
                    .isInstanceOf(OutOfMemoryError.class);
            batcher.submit("two", Role.DOCUMENT).get();
        }
    }

    @Test
    void engineThatLosesVectorsIsBroken() throws Exception {
        Engine losing =
                new Engine() {
                    @Override
                    public Limits limits() {
                        return LIMITS;
                    }

                    @Override
                    public List<SparseVector> run(List<TokenSequence> batch) {
                        return List.of();
                    }

                    @Override
                    public void close() {}
                };
        RecordingEngine engine = new RecordingEngine(losing, LIMITS, batch -> {});
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine))) {
            assertThat(failure(batcher.submit("one", Role.DOCUMENT)))
                    .isNotInstanceOf(EncodingException.class)
                    .hasMessageContaining("0 vectors for 1 documents");
        }
    }

    @Test
    void tokenizerFailureFailsOnlyItsText() throws Exception {
        SpladeEncoder fake = FakeEncoder.create();
        Tokenizer tokenizer =
                new Tokenizer() {
                    @Override
                    public TokenSequence tokenize(String text, Role role, TruncationSide side) {
                        if (text.equals("bad")) {
                            throw new EncodingException("cannot be read");
                        }
                        return fake.tokenizer().tokenize(text, role, side);
                    }

                    @Override
                    public int vocabularySize() {
                        return FakeEncoder.VOCABULARY;
                    }

                    @Override
                    public String term(int id) {
                        return "t" + id;
                    }

                    @Override
                    public void close() {}
                };
        SpladeEncoder encoder =
                FakeEncoder.of(fake.info(), tokenizer, fake.engine(Role.DOCUMENT), fake.options());
        try (MicroBatcher batcher = new MicroBatcher(encoder)) {
            CompletableFuture<EncodedText> bad = batcher.submit("bad", Role.DOCUMENT);
            CompletableFuture<EncodedText> good = batcher.submit("good", Role.DOCUMENT);
            assertThat(failure(bad))
                    .isInstanceOf(EncodingException.class)
                    .hasMessage("cannot be read");
            good.get();
        }
    }

    @Test
    void nullTextFails() throws Exception {
        try (SpladeEncoder encoder = FakeEncoder.create();
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            assertThat(failure(batcher.submit(null, Role.DOCUMENT)))
                    .isInstanceOf(EncodingException.class);
            assertThatThrownBy(() -> batcher.submit("text", null))
                    .isInstanceOf(NullPointerException.class);
        }
    }

    @Test
    void countsTruncatedTexts() throws Exception {
        try (SpladeEncoder encoder =
                        FakeEncoder.create(
                                EncoderOptions.builder().documentTokens(4).build(),
                                new AtomicLong());
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            EncodedText encoded = batcher.submit(words(9, 1), Role.DOCUMENT).get();
            assertThat(encoded.truncated()).isTrue();
            assertThat(encoded.tokens()).isEqualTo(9);
            batcher.submit("short", Role.DOCUMENT).get();
            assertThat(batcher.stats().truncated()).isEqualTo(1);
            assertThat(batcher.stats().tokens()).isEqualTo(5);
        }
    }

    @Test
    void skipsCanceledTexts() throws Exception {
        Gate gate = new Gate();
        RecordingEngine engine = engine(LIMITS, gate);
        try (MicroBatcher batcher = new MicroBatcher(encoder(engine), 1)) {
            batcher.submit("first", Role.DOCUMENT);
            await(() -> gate.entered.get() == 1);
            CompletableFuture<EncodedText> dropped = batcher.submit("x y", Role.DOCUMENT);
            CompletableFuture<EncodedText> kept = batcher.submit("x z", Role.DOCUMENT);
            await(() -> batcher.stats().waiting() == 2);
            dropped.cancel(false);
            gate.open();
            kept.get();
            assertThat(engine.batches).extracting(List::size).containsExactly(1, 1);
        }
    }

    @Test
    void closeCompletesRunningFailsWaitingAndStopsThreads() throws Exception {
        Gate gate = new Gate();
        RecordingEngine engine = engine(LIMITS, gate);
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        MicroBatcher batcher = new MicroBatcher(encoder(engine), 2);
        CompletableFuture<EncodedText> running = batcher.submit("running", Role.DOCUMENT);
        await(() -> gate.entered.get() == 1);
        List<CompletableFuture<EncodedText>> waiting = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            waiting.add(batcher.submit(words(3 + i % 5, i), Role.DOCUMENT));
        }
        CompletableFuture<Void> closing = CompletableFuture.runAsync(batcher::close);
        for (CompletableFuture<EncodedText> future : waiting) {
            assertThat(failure(future))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
        assertThat(closing).isNotDone();
        gate.open();
        closing.get();
        assertThat(running.get().vector()).isEqualTo(FakeEncoder.vector("running"));
        assertThat(failure(batcher.submit("late", Role.DOCUMENT)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        batcher.close();
        await(
                () ->
                        Thread.getAllStackTraces().keySet().stream()
                                .filter(thread -> !before.contains(thread))
                                .noneMatch(thread -> thread.getName().startsWith("splade-")));
    }

    @Test
    void dependentActionMayCloseTheBatcher() throws Exception {
        MicroBatcher batcher = new MicroBatcher(FakeEncoder.create());
        batcher.submit("last", Role.DOCUMENT).thenRun(batcher::close).get();
        assertThat(failure(batcher.submit("late", Role.DOCUMENT)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void concurrentThreadsGetTheVectorsOfDirectEncoding() throws Exception {
        long seed = 42;
        Engine.Limits limits = new Engine.Limits(3, 16, 300, false);
        RecordingEngine engine = engine(limits, batch -> {});
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (SpladeEncoder direct = FakeEncoder.create();
                MicroBatcher batcher = new MicroBatcher(encoder(engine), 3)) {
            List<Future<?>> callers = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                Random random = new Random(seed + t);
                callers.add(
                        threads.submit(
                                () -> {
                                    List<String> texts = new ArrayList<>();
                                    List<CompletableFuture<EncodedText>> futures =
                                            new ArrayList<>();
                                    for (int i = 0; i < 1000; i++) {
                                        String text =
                                                words(random.nextInt(150), random.nextInt(1000));
                                        Role role = i % 5 == 0 ? Role.QUERY : Role.DOCUMENT;
                                        texts.add(text);
                                        futures.add(batcher.submit(text, role));
                                    }
                                    for (int i = 0; i < texts.size(); i++) {
                                        Role role = i % 5 == 0 ? Role.QUERY : Role.DOCUMENT;
                                        assertThat(futures.get(i).get())
                                                .as("seed %s, text %s", seed, texts.get(i))
                                                .isEqualTo(direct.encode(texts.get(i), role));
                                    }
                                    return null;
                                }));
            }
            for (Future<?> caller : callers) {
                caller.get();
            }
            assertThat(batcher.stats().documents()).isEqualTo(8_000);
            assertThat(batcher.stats().failed()).isZero();
        } finally {
            threads.shutdownNow();
        }
        for (List<TokenSequence> batch : engine.batches) {
            int longest = batch.stream().mapToInt(tokens -> tokens.ids().length).max().orElse(0);
            assertThat(batch.size()).isLessThanOrEqualTo(16);
            assertThat(batch.size() == 1 || batch.size() * longest <= 300).isTrue();
        }
    }
}
