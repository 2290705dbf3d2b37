package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.BatchTarget;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.Target;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.NamedTarget;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.CheckpointConfig;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Lays the operators of one job, with whatever encoder. */
public final class Topology {

    /**
     * Key groups, and so the most subtasks an operator can have. State cannot be read with another
     * number than it was written with.
     */
    public static final int MAX_PARALLELISM = 128;

    /**
     * How long a record may wait for others before it goes on to the next task. Flink's own 100 ms,
     * twice on the way of each document, would be more than the encoder takes.
     */
    static final Duration BUFFER_TIMEOUT = Duration.ofMillis(5);

    /**
     * After which a checkpoint is given up and the job starts again from the one before. Flink's
     * own 10 minutes, twice until a transaction is committed, would be more than the 15 that a
     * Kafka broker lets it live by default.
     */
    static final Duration CHECKPOINT_TIMEOUT = Duration.ofMinutes(7);

    private static final String DEAD_LETTERS = "dead-letters";

    private final JobDefinition job;
    private final EncoderFactory factory;
    private final List<DataStream<DeadLetter>> deadLetters = new ArrayList<>();

    public Topology(JobDefinition job, EncoderFactory factory) {
        this.job = job;
        this.factory = factory;
    }

    /** What the job tells the target of that name. */
    public TargetContext context(String target) {
        return new TargetContext(
                target,
                job.provenance(),
                new EncoderVocabulary(factory),
                job.options().allowMixedModels());
    }

    /** Adds the job to the environment. */
    public void define(StreamExecutionEnvironment env) {
        Configuration house = new Configuration();
        house.set(org.apache.flink.configuration.PipelineOptions.GENERIC_TYPES, false);
        house.set(org.apache.flink.configuration.PipelineOptions.AUTO_GENERATE_UIDS, false);
        // records are never changed once they are made: no need to copy them between operators
        house.set(org.apache.flink.configuration.PipelineOptions.OBJECT_REUSE, true);
        if (env.getConfiguration().getOptional(ExecutionOptions.BUFFER_TIMEOUT).isEmpty()) {
            house.set(ExecutionOptions.BUFFER_TIMEOUT, BUFFER_TIMEOUT);
        }
        if (env.getConfiguration()
                .getOptional(CheckpointingOptions.CHECKPOINTING_TIMEOUT)
                .isEmpty()) {
            house.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, CHECKPOINT_TIMEOUT);
        }
        env.configure(house);
        checkCommits(env.getCheckpointConfig());
        if (env.getMaxParallelism() <= 0) {
            env.setMaxParallelism(MAX_PARALLELISM);
        }

        DataStream<VectorRecord> records = job.vectors() == null ? encoded(env) : copied(env);
        for (NamedTarget target : job.targets()) {
            write(env, records, target);
        }

        DataStream<DeadLetter> all = deadLetters.stream().reduce(DataStream::union).orElseThrow();
        all.sinkTo(job.deadLetters().sink(DEAD_LETTERS))
                .name(DEAD_LETTERS)
                .uid(DEAD_LETTERS)
                .setParallelism(1);
    }

    /** Asks the targets whether what they were given lives until it is committed. */
    private void checkCommits(CheckpointConfig checkpoints) {
        if (!checkpoints.isCheckpointingEnabled()) {
            return;
        }
        // from one barrier to the next, while the first checkpoint may take its time, and then
        // until the second is complete
        long timeout = checkpoints.getCheckpointTimeout();
        long next =
                Math.max(
                        checkpoints.getCheckpointInterval(),
                        timeout + checkpoints.getMinPauseBetweenCheckpoints());
        Duration longest = Duration.ofMillis(next + timeout);
        for (NamedTarget named : job.targets()) {
            if (named.target() instanceof SinkTarget target) {
                target.checkCommits(longest);
            }
        }
        job.deadLetters().checkCommits(longest);
    }

    /** The changes that the documents make, in order of each id. */
    private DataStream<VectorRecord> encoded(StreamExecutionEnvironment env) {
        PipelineOptions options = job.options();
        Provenance provenance = job.provenance();
        long fingerprint = Hashes.fingerprint(provenance.fingerprint());
        long[] targets = Hashes.ofNames(job.targets().stream().map(NamedTarget::name).toList());

        DataStream<Document> documents =
                job.sources().stream()
                        .map(source -> (DataStream<Document>) parse(env, source))
                        .reduce(DataStream::union)
                        .orElseThrow();

        SingleOutputStreamOperator<Change> changes =
                named(
                        "gate",
                        documents
                                .keyBy(Document::id, Types.STRING)
                                .process(
                                        new Gate(options, fingerprint, targets, MicrosClock.SYSTEM),
                                        TypeInformation.of(Change.class)));
        collectDeadLetters(changes);

        SingleOutputStreamOperator<EncodedChange> encoded =
                named(
                        "encode",
                        AsyncDataStream.orderedWait(
                                        changes,
                                        new Encode(factory, provenance, options.maxBytesInFlight()),
                                        // no timeout: a long queue is no failure
                                        0,
                                        TimeUnit.MILLISECONDS,
                                        options.capacity())
                                .returns(TypeInformation.of(EncodedChange.class)));

        SingleOutputStreamOperator<VectorRecord> records =
                named(
                        "guard",
                        encoded.keyBy(change -> change.change().id(), Types.STRING)
                                .process(
                                        new OrderGuard(options, fingerprint),
                                        TypeInformation.of(VectorRecord.class)));
        collectDeadLetters(records);
        return records;
    }

    /** The vectors that are copied, in their order. */
    private DataStream<VectorRecord> copied(StreamExecutionEnvironment env) {
        return named(
                        "copy",
                        named(
                                        "positions",
                                        env.fromSource(
                                                Copy.positions(job.vectors()),
                                                WatermarkStrategy.noWatermarks(),
                                                "positions"))
                                .setParallelism(1)
                                .process(
                                        new Copy(job.vectors()),
                                        TypeInformation.of(VectorRecord.class)))
                .setParallelism(1)
                .keyBy(VectorRecord::id, Types.STRING);
    }

    private SingleOutputStreamOperator<Document> parse(
            StreamExecutionEnvironment env, NamedSource source) {
        SingleOutputStreamOperator<Document> parsed =
                named(
                        "parse-" + source.name(),
                        named(
                                        "source-" + source.name(),
                                        env.fromSource(
                                                source.source().source(),
                                                WatermarkStrategy.noWatermarks(),
                                                "source",
                                                TypeInformation.of(SourceRecord.class)))
                                .process(
                                        new Parse(
                                                source.source().format(),
                                                job.options().maxRecordBytes()),
                                        TypeInformation.of(Document.class)));
        collectDeadLetters(parsed);
        return parsed;
    }

    private void write(
            StreamExecutionEnvironment env, DataStream<VectorRecord> records, NamedTarget named) {
        Target target = named.target();
        SingleOutputStreamOperator<VectorRecord> accepted =
                named(
                        "check-" + named.name(),
                        records.process(
                                new TargetCheck(named.name(), target),
                                TypeInformation.of(VectorRecord.class)));
        collectDeadLetters(accepted);
        boolean bounded = target.maxParallelism() < env.getMaxParallelism();
        if (!bounded && job.targets().size() > 1) {
            // a task of its own: in one with the guard, a target that waits for its server would
            // keep the others from being written to
            accepted.startNewChain();
        }
        // fewer writers than guards: all changes of one id must still meet in one writer
        DataStream<VectorRecord> toSink =
                bounded ? accepted.keyBy(VectorRecord::id, Types.STRING) : accepted;
        int parallelism = Math.min(target.maxParallelism(), env.getParallelism());
        String uid = "target-" + named.name();
        if (target instanceof BatchTarget batches) {
            SingleOutputStreamOperator<DeadLetter> refused =
                    BatchDelivery.write(toSink, batches, context(named.name())).name(uid).uid(uid);
            SingleOutputStreamOperator<DeadLetter> counted =
                    named("refused-" + named.name(), refused.process(new Refused(named.name())));
            if (bounded) {
                refused.setParallelism(parallelism);
                counted.setParallelism(parallelism);
            }
            deadLetters.add(counted);
        } else if (target instanceof SinkTarget flinkSink) {
            DataStreamSink<VectorRecord> sink =
                    toSink.sinkTo(flinkSink.sink(context(named.name()))).name(uid).uid(uid);
            if (bounded) {
                sink.setParallelism(parallelism);
            }
        }
    }

    private void collectDeadLetters(SingleOutputStreamOperator<?> operator) {
        deadLetters.add(operator.getSideOutput(DeadLetterOffice.OUTPUT));
    }

    private static <T> SingleOutputStreamOperator<T> named(
            String name, SingleOutputStreamOperator<T> operator) {
        return operator.name(name).uid(name);
    }
}
