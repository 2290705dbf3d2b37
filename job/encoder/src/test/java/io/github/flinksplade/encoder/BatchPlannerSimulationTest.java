package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.SimulatedDevice.Batch;
import io.github.flinksplade.encoder.SimulatedDevice.Document;
import io.github.flinksplade.encoder.SimulatedDevice.Order;
import io.github.flinksplade.encoder.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Checks the guarantees of {@link BatchPlanner} with a device whose batches have known costs. Time
 * is simulated, and a seed determines every figure.
 */
class BatchPlannerSimulationTest {

    private static final int SHORTEST = 3;
    private static final int LONGEST = 128;
    private static final int[] WORKERS = {1, 2, 3, 8};

    private enum Lengths {
        UNIFORM,
        /** A median of 74; a fifth is truncated to the longest. */
        LOG_NORMAL,
        /** Seven of ten very short, the others of the longest length. */
        BIMODAL,
        SAME,
        ONE_LONG_AMONG_SHORT,
        ALTERNATING;

        int of(int number, Random random) {
            return switch (this) {
                case UNIFORM -> SHORTEST + random.nextInt(LONGEST - SHORTEST + 1);
                case LOG_NORMAL -> truncated(Math.exp(4.3 + .7 * random.nextGaussian()));
                case BIMODAL -> random.nextInt(10) < 7 ? SHORTEST + random.nextInt(8) : LONGEST;
                case SAME -> 64;
                case ONE_LONG_AMONG_SHORT ->
                        number % 400 == 200 ? LONGEST : SHORTEST + random.nextInt(4);
                case ALTERNATING -> number % 2 == 0 ? SHORTEST : LONGEST;
            };
        }

        private static int truncated(double tokens) {
            return (int) Math.max(SHORTEST, Math.min(LONGEST, tokens));
        }
    }

    /** How documents arrive; the load is in percent of the device's capacity. */
    private enum Arrivals {
        AT_ONCE(0),
        POISSON_10(10),
        POISSON_50(50),
        POISSON_90(90),
        POISSON_120(120),
        /** Up to 200 at the same time. */
        BURSTS(70);

        final int load;

        Arrivals(int load) {
            this.load = load;
        }

        /**
         * The time from one document to the next.
         *
         * @param each how long the device takes for a document
         * @param left how many documents of a burst are still to come, this one included
         */
        long gap(double each, Random random, int left) {
            double mean = each * 100 / Math.max(1, load);
            return switch (this) {
                case AT_ONCE -> 0;
                case BURSTS -> left == 1 ? 1 + (long) (mean * 100) : 0;
                default -> 1 + (long) (-Math.log(1 - random.nextDouble()) * mean);
            };
        }
    }

    /**
     * Documents in order of arrival.
     *
     * @param canceled percentage that is canceled some time after arrival
     */
    private static List<Document> documents(
            int count,
            Lengths lengths,
            Arrivals arrivals,
            Engine.Limits limits,
            int canceled,
            long seed) {
        Random random = new Random(seed);
        int[] tokens = IntStream.range(0, count).map(i -> lengths.of(i, random)).toArray();
        List<Document> atOnce = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            atOnce.add(new Document(i, tokens[i], 0, SimulatedDevice.NEVER));
        }
        double each = (double) SimulatedDevice.minWork(atOnce, limits) / count / limits.workers();
        List<Document> documents = new ArrayList<>();
        long now = 0;
        int left = 0;
        for (int i = 0; i < count; i++) {
            left = left > 0 ? left : 1 + random.nextInt(200);
            now += arrivals.gap(each, random, left--);
            long lives =
                    random.nextInt(100) < canceled
                            ? now + random.nextInt(20_000)
                            : SimulatedDevice.NEVER;
            documents.add(new Document(i, tokens[i], now, lives));
        }
        return documents;
    }

    /** Runs all arrivals and lengths on 1 to 8 workers, with and without padding. */
    private static void forEveryRun(BiConsumer<String, SimulatedDevice> check) {
        long seed = 1000;
        int[] documentLimits = {32, 128, 8, 5, 1};
        int[] tokenLimits = {4096, 2048, 300, 100, 4096};
        for (Arrivals arrivals : Arrivals.values()) {
            for (Lengths lengths : Lengths.values()) {
                for (int workers : WORKERS) {
                    for (boolean exact : new boolean[] {true, false}) {
                        int kind = (int) (seed % documentLimits.length);
                        Engine.Limits limits =
                                new Engine.Limits(
                                        workers, documentLimits[kind], tokenLimits[kind], exact);
                        SimulatedDevice run =
                                SimulatedDevice.run(
                                        Order.PLANNER,
                                        batch -> limits,
                                        documents(600, lengths, arrivals, limits, 5, seed));
                        check.accept(
                                "seed " + seed + ", " + arrivals + ", " + lengths + ", " + limits,
                                run);
                        seed++;
                    }
                }
            }
        }
    }

    /** Whether a document violates a guarantee. */
    private interface Violation {
        boolean is(Document document);
    }

    private static void assertNone(String name, SimulatedDevice run, Violation violation) {
        assertThat(run.documents.stream().filter(violation::is)).as(name).isEmpty();
    }

    private static void respectsLimits(String name, SimulatedDevice run) {
        for (Batch batch : run.batches) {
            Engine.Limits limits = batch.limits();
            boolean keeps =
                    batch.documents().size() <= limits.maxDocuments()
                            && (batch.documents().size() == 1
                                    || batch.padded() <= limits.maxTokens())
                            && (!limits.equalLengths() || batch.padded() == batch.tokens());
            assertThat(keeps).as("%s: %s", name, batch).isTrue();
        }
    }

    private static void containsTheOldest(String name, SimulatedDevice run) {
        for (Batch batch : run.batches) {
            boolean contains = batch.documents().contains(batch.oldest());
            assertThat(contains).as("%s: %s", name, batch).isTrue();
        }
    }

    private static void encodesEachOnce(String name, SimulatedDevice run) {
        assertNone(
                name,
                run,
                document ->
                        document.timesEncoded > 1
                                || document.timesEncoded == 0
                                        && document.canceled == SimulatedDevice.NEVER);
        assertNone(
                name,
                run,
                document ->
                        document.batch >= 0
                                && run.batches.get(document.batch).starts() >= document.canceled);
    }

    @Test
    void batchesRespectTheLimits() {
        forEveryRun(BatchPlannerSimulationTest::respectsLimits);
    }

    @Test
    void everyBatchContainsTheOldest() {
        forEveryRun(BatchPlannerSimulationTest::containsTheOldest);
    }

    /**
     * A document waits for at most as many batches as if each length were batched separately in
     * order of arrival, and for at most one per document ahead of it.
     */
    @Test
    void waitingIsBounded() {
        int[] reached = new int[1];
        forEveryRun(
                (name, run) -> {
                    assertNone(
                            name,
                            run,
                            document ->
                                    document.batch >= 0
                                            && document.waitedFor()
                                                    > Math.min(
                                                            document.maxBatches,
                                                            document.ahead + 1));
                    reached[0] +=
                            (int)
                                    run.documents.stream()
                                            .filter(
                                                    d ->
                                                            d.maxBatches > 1
                                                                    && d.waitedFor()
                                                                            == d.maxBatches)
                                            .count();
                });
        assertThat(reached[0]).as("documents for which the bound is exact").isPositive();
    }

    /** However many arrive after it, a long document starts when the first running batch ends. */
    @Test
    void shortDocumentsDoNotDelayALongOne() {
        for (int workers = 1; workers <= 8; workers++) {
            for (boolean exact : new boolean[] {true, false}) {
                Engine.Limits limits = new Engine.Limits(workers, 32, 4096, exact);
                List<Document> documents = new ArrayList<>();
                for (int i = 0; i < 5000; i++) {
                    int tokens = i == workers ? LONGEST : SHORTEST + i % 2;
                    documents.add(new Document(i, tokens, i, SimulatedDevice.NEVER));
                }
                Document odd = documents.get(workers);
                SimulatedDevice run =
                        SimulatedDevice.run(Order.PLANNER, batch -> limits, documents);
                assertThat(odd.foundFreeWorker).as("%s", limits).isFalse();
                assertThat(odd.waitedFor()).as("%s", limits).isEqualTo(1);
                assertThat(run.batches.get(odd.batch).starts())
                        .as("%s", limits)
                        .isEqualTo(run.batches.get(0).cost());
            }
        }
    }

    @Test
    void noWorkerIsIdleWhileDocumentsWait() {
        forEveryRun((name, run) -> assertThat(run.idleWhileWaiting).as(name).isEmpty());
    }

    @Test
    void documentThatFindsAnIdleWorkerStartsImmediately() {
        int[] found = new int[1];
        forEveryRun(
                (name, run) -> {
                    assertNone(
                            name,
                            run,
                            document ->
                                    document.foundFreeWorker
                                            && document.ahead == 0
                                            && document.canceled > document.arrives
                                            && run.batches.get(document.batch).starts()
                                                    != document.arrives);
                    found[0] += (int) run.documents.stream().filter(d -> d.foundFreeWorker).count();
                });
        assertThat(found[0]).as("documents that found a free worker").isGreaterThan(10_000);
    }

    @Test
    void encodesEachDocumentOnceUnlessCanceled() {
        int[] skipped = new int[1];
        forEveryRun(
                (name, run) -> {
                    encodesEachOnce(name, run);
                    skipped[0] += (int) run.documents.stream().filter(d -> d.batch < 0).count();
                });
        assertThat(skipped[0]).as("canceled documents").isPositive();
    }

    @Test
    void atMostAQuarterOfABatchIsPadding() {
        forEveryRun(
                (name, run) -> {
                    for (Batch batch : run.batches) {
                        assertThat(4 * (batch.padded() - batch.tokens()))
                                .as("%s: %s", name, batch)
                                .isLessThanOrEqualTo(batch.padded());
                    }
                });
    }

    /** A backlog in the planner's batches and in those with which they are compared. */
    private record Backlog(
            String name,
            Lengths lengths,
            SimulatedDevice planner,
            SimulatedDevice arrival,
            SimulatedDevice sorted,
            long minWork) {}

    /** Backlogs of all distributions of lengths, on 1 to 8 workers. */
    private static List<Backlog> backlogs(int size, boolean exact) {
        List<Backlog> backlogs = new ArrayList<>();
        long seed = 2000;
        for (Lengths lengths : Lengths.values()) {
            for (int workers : WORKERS) {
                for (int most : new int[] {32, 128}) {
                    Engine.Limits limits = new Engine.Limits(workers, most, 4096, exact);
                    List<Document> documents =
                            documents(size, lengths, Arrivals.AT_ONCE, limits, 0, seed);
                    IntFunction<Engine.Limits> always = batch -> limits;
                    backlogs.add(
                            new Backlog(
                                    "seed " + seed + ", " + lengths + ", " + limits,
                                    lengths,
                                    SimulatedDevice.run(Order.PLANNER, always, documents),
                                    SimulatedDevice.run(Order.ARRIVAL, always, documents),
                                    SimulatedDevice.run(Order.SORTED, always, documents),
                                    SimulatedDevice.minWork(documents, limits)));
                    seed++;
                }
            }
        }
        return backlogs;
    }

    /**
     * Measured maxima: 10.6 % of the tokens of 1,000 waiting documents are padding, 4.5 points more
     * than of the same documents sorted, and .22 of the share that the order of arrival has; of
     * 4,000 documents 3.5 %, 1.4 points and .07.
     */
    @ParameterizedTest
    @CsvSource({"1000, .15, .07, .33", "4000, .05, .03, .12"})
    void backlogHasLittlePadding(int size, double max, double aboveSorted, double ofArrival) {
        for (Backlog backlog : backlogs(size, false)) {
            double padding = backlog.planner.padding();
            assertThat(padding)
                    .as(backlog.name)
                    .isLessThanOrEqualTo(max)
                    .isLessThanOrEqualTo(backlog.sorted.padding() + aboveSorted)
                    .isLessThanOrEqualTo(backlog.arrival.padding() * ofArrival);
        }
    }

    /**
     * Measured maxima: 1.076 of the min work that 1,000 waiting documents can be, 1.086 of the time
     * of the same documents sorted; of 4,000 documents 1.031 and 1.039. In order of arrival they
     * take at least 1.34 and 1.60 times as long, where not all lengths are the same.
     */
    @ParameterizedTest
    @CsvSource({"1000, 1.10, 1.12, 1.25", "4000, 1.05, 1.06, 1.5"})
    void backlogTakesLittleMoreThanTheMinTime(
            int size, double ofLeast, double ofSorted, double arrivalTakes) {
        for (boolean exact : new boolean[] {true, false}) {
            for (Backlog backlog : backlogs(size, exact)) {
                assertThat((double) backlog.planner.work())
                        .as(backlog.name)
                        .isBetween(1. * backlog.minWork, ofLeast * backlog.minWork);
                assertThat((double) backlog.planner.now)
                        .as(backlog.name)
                        .isLessThanOrEqualTo(ofSorted * backlog.sorted.now);
                if (backlog.lengths != Lengths.SAME) {
                    assertThat((double) backlog.arrival.now)
                            .as(backlog.name)
                            .isGreaterThanOrEqualTo(arrivalTakes * backlog.planner.now);
                }
            }
        }
    }

    /** As on a GPU that runs out of memory and recovers; down to less than one document. */
    @Test
    void respectsLimitsThatShrinkAndGrow() {
        int[] alone = new int[1];
        for (long seed = 3000; seed < 3000 + 8 * Lengths.values().length; seed++) {
            Lengths lengths = Lengths.values()[(int) (seed % Lengths.values().length)];
            Random random = new Random(seed);
            int workers = 1 + random.nextInt(8);
            boolean exact = random.nextBoolean();
            List<Engine.Limits> walk = new ArrayList<>();
            for (int tokens = 4096, most = 64; walk.size() < 2000; ) {
                walk.add(new Engine.Limits(workers, most, tokens, exact));
                boolean shrinks = random.nextBoolean();
                tokens = Math.max(32, Math.min(4096, shrinks ? tokens / 2 : tokens * 2));
                most = Math.max(1, Math.min(64, shrinks ? most / 2 : most * 2));
            }
            List<Document> documents =
                    documents(1000, lengths, Arrivals.BURSTS, walk.get(0), 5, seed);
            SimulatedDevice run = SimulatedDevice.run(Order.PLANNER, walk::get, documents);
            String name = "seed " + seed + ", " + lengths + ", " + walk.get(0);
            respectsLimits(name, run);
            containsTheOldest(name, run);
            encodesEachOnce(name, run);
            assertNone(name, run, d -> d.batch >= 0 && d.waitedFor() > d.ahead + 1);
            assertThat(run.idleWhileWaiting).as(name).isEmpty();
            alone[0] +=
                    (int)
                            run.batches.stream()
                                    .filter(batch -> batch.padded() > batch.limits().maxTokens())
                                    .count();
        }
        assertThat(alone[0]).as("single documents above the budget").isPositive();
    }
}
