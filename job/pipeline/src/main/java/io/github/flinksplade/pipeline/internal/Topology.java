package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
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
    private static final String NOTICES = "notices";

    private final JobDefinition job;
    private final EncoderFactory factory;
    private final List<DataStream<Notice>> notices = new ArrayList<>();

    public Topology(JobDefinition job, EncoderFactory factory) {
        this.job = job;
        this.factory = factory;
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
        for (NamedSink sink : job.sinks()) {
            write(env, records, sink);
        }

        List<String> sources =
                job.vectors() == null
                        ? job.sources().stream().map(NamedSource::name).toList()
                        : List.of("vectors");
        named(
                        NOTICES,
                        notices.stream()
                                .reduce(DataStream::union)
                                .orElseThrow()
                                .transform(
                                        NOTICES,
                                        TypeInformation.of(DeadLetter.class),
                                        new NoticeBoard(
                                                job.options().maxDeadLetters(),
                                                sources,
                                                job.sinks().stream()
                                                        .map(NamedSink::name)
                                                        .toList())))
                .setParallelism(1)
                .sinkTo(job.deadLetters().sink())
                .name(DEAD_LETTERS)
                .uid(DEAD_LETTERS)
                .setParallelism(1);
    }

    /** Asks the sinks whether what they were given lives until it is committed. */
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
        for (NamedSink named : job.sinks()) {
            if (named.prepared() instanceof FlinkSink sink) {
                sink.checkCommits(longest);
            }
        }
        job.deadLetters().checkCommits(longest);
    }

    /** The changes that the documents make, in order of each id. */
    private DataStream<VectorRecord> encoded(StreamExecutionEnvironment env) {
        PipelineOptions options = job.options();
        Provenance provenance = job.provenance();
        long fingerprint = Hashes.fingerprint(provenance.fingerprint());
        long[] sinks = Hashes.ofNames(job.sinks().stream().map(NamedSink::name).toList());

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
                                        new ChangeDetector(
                                                options, fingerprint, sinks, MicrosClock.SYSTEM),
                                        TypeInformation.of(Change.class)));
        collectNotices(changes);

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
                                        new Sequencer(options, fingerprint),
                                        TypeInformation.of(VectorRecord.class)));
        collectNotices(records);
        return records;
    }

    /** The vectors that are copied, in their order. */
    private DataStream<VectorRecord> copied(StreamExecutionEnvironment env) {
        SingleOutputStreamOperator<VectorRecord> copied =
                named(
                                "copy",
                                named(
                                                "positions",
                                                env.fromSource(
                                                        Copy.positions(job.vectors()),
                                                        WatermarkStrategy.noWatermarks(),
                                                        "positions"))
                                        .setParallelism(1)
                                        .transform(
                                                "copy",
                                                TypeInformation.of(VectorRecord.class),
                                                new Copy(job.vectors())))
                        .setParallelism(1);
        collectNotices(copied);
        return copied.keyBy(VectorRecord::id, Types.STRING);
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
                                .transform(
                                        "parse",
                                        TypeInformation.of(Document.class),
                                        new Parse(
                                                source.source().format(),
                                                source.source().keyFormat(),
                                                job.options().maxRecordBytes(),
                                                source.versionField())));
        collectNotices(parsed);
        return parsed;
    }

    private void write(
            StreamExecutionEnvironment env, DataStream<VectorRecord> records, NamedSink named) {
        PreparedSink sink = named.prepared();
        SingleOutputStreamOperator<VectorRecord> accepted =
                named(
                        "check-" + named.name(),
                        records.process(
                                new SinkAdmission(named), TypeInformation.of(VectorRecord.class)));
        collectNotices(accepted);
        int max =
                sink instanceof FlinkSink flinkSink
                        ? flinkSink.maxParallelism()
                        : Integer.MAX_VALUE;
        boolean bounded = max < env.getMaxParallelism();
        if (!bounded && job.sinks().size() > 1) {
            // a task of its own: in one with the guard, a sink that waits for its server would
            // keep the others from being written to
            accepted.startNewChain();
        }
        // fewer writers than guards: all changes of one id must still meet in one writer
        DataStream<VectorRecord> toSink =
                bounded ? accepted.keyBy(VectorRecord::id, Types.STRING) : accepted;
        String uid = "sink-" + named.name();
        if (sink instanceof BatchSink batches) {
            SingleOutputStreamOperator<DeadLetter> rejected =
                    BatchDelivery.write(toSink, named.name(), batches).name(uid).uid(uid);
            notices.add(
                    named(
                            "refused-" + named.name(),
                            rejected.process(
                                    new RejectedInput(named.name()),
                                    TypeInformation.of(Notice.class))));
        } else if (sink instanceof FlinkSink flinkSink) {
            DataStreamSink<VectorRecord> written =
                    toSink.sinkTo(flinkSink.sink()).name(uid).uid(uid);
            if (bounded) {
                written.setParallelism(Math.min(max, env.getParallelism()));
            }
        }
    }

    private void collectNotices(SingleOutputStreamOperator<?> operator) {
        notices.add(operator.getSideOutput(Notice.OUTPUT));
    }

    private static <T> SingleOutputStreamOperator<T> named(
            String name, SingleOutputStreamOperator<T> operator) {
        return operator.name(name).uid(name);
    }
}
