package io.github.flinksplade.connector.lucene;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.VectorRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sink in jobs that fail and are restored. */
class LuceneFlinkSinkITCase {

    private static final int DOCUMENTS = 2500;

    /** The number of snapshots that succeed before each failure. */
    private static final int[] PASSING_SNAPSHOTS = {1, 0, 2, 1, 0, 3};

    @TempDir Path folder;

    @Test
    void writesEveryRecordOnceThroughFailures() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        index.check();
        FailingMap.ATTEMPTS.set(0);
        FailingMap.FAILED.clear();
        FailingMap.snapshotsToPass = PASSING_SNAPSHOTS[0];

        StreamExecutionEnvironment env = environment();
        env.fromSequence(0, DOCUMENTS - 1)
                .map(new FailingMap(index.directory.toString()))
                .returns(TypeInformation.of(VectorRecord.class))
                .sinkTo(index.flinkSink())
                .uid("lucene");
        env.execute();

        TreeMap<Integer, Integer> copies = new TreeMap<>();
        for (String id : index.idsWith(1)) {
            copies.merge(Integer.valueOf(id.substring(0, id.indexOf('-'))), 1, Integer::sum);
        }
        long twice = copies.values().stream().filter(count -> count > 1).count();
        System.out.printf(
                "sent %d, found %d, duplicates %d, lost %d; %d attempts, failed after the commit of"
                        + " checkpoints %s%n",
                DOCUMENTS,
                copies.size(),
                twice,
                DOCUMENTS - copies.size(),
                FailingMap.ATTEMPTS.get(),
                FailingMap.FAILED);
        assertThat(twice).isZero();
        assertThat(copies).hasSize(DOCUMENTS);
        assertThat(FailingMap.ATTEMPTS.get()).isEqualTo(PASSING_SNAPSHOTS.length + 1);
    }

    @Test
    void countsSupersededChangesForTheReportOfTheRun() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        try (LuceneWriter writer = index.open()) {
            writer.write(TestIndex.upsert("a", 5), null);
            writer.write(TestIndex.upsert("b", 5), null);
            writer.write(TestIndex.delete("c", 5), null);
            writer.snapshotState(1);
        }
        StreamExecutionEnvironment env = environment();
        env.fromSequence(0, 3)
                .map(
                        n ->
                                TestIndex.upsert(
                                        List.of("a", "b", "c", "d").get(n.intValue()), 4 + n % 2))
                .returns(TypeInformation.of(VectorRecord.class))
                .sinkTo(index.flinkSink())
                .uid("lucene");

        JobExecutionResult result = env.execute();

        // Version 4 of a and c is superseded; version 5 of b is a replay, d is new.
        assertThat(result.<Long>getAccumulatorResult(BatchDelivery.superseded("lucene")))
                .isEqualTo(2);
        // The job itself counts each change that it passes to the sink as written.
        assertThat(result.<Long>getAccumulatorResult(BatchDelivery.written("lucene")))
                .isEqualTo(-2);
        assertThat(index.idsWith(1)).containsExactly("a", "b", "d");
    }

    /** A canceled task is interrupted, possibly while it writes. */
    @Test
    void releasesTheLockWhenAJobIsCanceled() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        for (int run = 1; run <= 3; run++) {
            index.check();
            int before = index.idsWith(1).size();
            StreamExecutionEnvironment env = environment();
            env.fromSequence(0, Long.MAX_VALUE - 1)
                    .map(number -> TestIndex.upsert(UUID.randomUUID().toString(), 1))
                    .returns(TypeInformation.of(VectorRecord.class))
                    .sinkTo(index.flinkSink())
                    .uid("lucene");
            JobClient job = env.executeAsync();
            CompletableFuture<?> ended = job.getJobExecutionResult().handle((result, e) -> e);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (index.idsWith(1).size() == before) {
                assertThat(System.nanoTime()).as("no commit in 60 s").isLessThan(deadline);
                assertThat(ended).isNotDone();
                LockSupport.parkNanos(10_000_000);
            }
            job.cancel().get();
            ended.get(60, TimeUnit.SECONDS);
        }
        index.check();
    }

    /** Each job has its own cluster, because a job that follows a canceled one may get no slot. */
    private static StreamExecutionEnvironment environment() {
        Configuration configuration = new Configuration();
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 100);
        configuration.set(
                RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
        env.enableCheckpointing(20);
        return env;
    }

    /**
     * Creates documents, and fails in the configured snapshots after the index was committed for
     * them: it is chained before the sink, and Flink snapshots a chain from its end. Ids contain
     * the number of the attempt, so that a replay does not hide changes that were not rolled back.
     */
    private static final class FailingMap extends RichMapFunction<Long, VectorRecord>
            implements CheckpointedFunction {

        static final AtomicInteger ATTEMPTS = new AtomicInteger();
        static final List<Long> FAILED = new CopyOnWriteArrayList<>();
        static volatile int snapshotsToPass;

        private final String directory;
        private transient int attempt;

        FailingMap(String directory) {
            this.directory = directory;
        }

        @Override
        public void open(OpenContext context) {
            attempt = ATTEMPTS.incrementAndGet();
        }

        @Override
        public VectorRecord map(Long number) {
            if (FAILED.size() < PASSING_SNAPSHOTS.length) {
                // Slow enough for the checkpoints that have to fail.
                LockSupport.parkNanos(1_000_000);
            }
            return TestIndex.upsert(number + "-" + attempt, 1);
        }

        @Override
        public void initializeState(FunctionInitializationContext context) {}

        @Override
        public void snapshotState(FunctionSnapshotContext context) throws Exception {
            if (FAILED.size() == PASSING_SNAPSHOTS.length || snapshotsToPass-- > 0) {
                return;
            }
            try (FSDirectory opened = FSDirectory.open(Path.of(directory))) {
                String committed =
                        SegmentInfos.readLatestCommit(opened)
                                .getUserData()
                                .get(CommitUserData.CHECKPOINT_KEY);
                if (!committed.equals(Long.toString(context.getCheckpointId()))) {
                    return; // nothing was written since the last checkpoint
                }
            }
            FAILED.add(context.getCheckpointId());
            snapshotsToPass =
                    FAILED.size() == PASSING_SNAPSHOTS.length
                            ? 0
                            : PASSING_SNAPSHOTS[FAILED.size()];
            throw new IllegalStateException("failure injected by the test");
        }
    }
}
