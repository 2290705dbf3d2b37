package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.JobDefinition.VectorInput;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

/** Adds the operators of a job to an environment. */
public final class Topology {

    /**
     * Number of key groups, and max parallelism of an operator. State cannot be restored with
     * another number.
     */
    public static final int MAX_PARALLELISM = 128;

    /**
     * How long a record may wait for others before it is sent to the next task. Flink's default of
     * 100 ms, twice per document, would be longer than the encoder needs.
     */
    static final Duration BUFFER_TIMEOUT = Duration.ofMillis(5);

    /**
     * After this time a checkpoint fails and the job restarts from the one before. Twice Flink's
     * default of 10 minutes, until a transaction is committed, would be longer than the 15 minutes
     * for which a Kafka broker keeps it by default.
     */
    static final Duration CHECKPOINT_TIMEOUT = Duration.ofMinutes(7);

    private static final String CHANGE_DETECTOR = "change-detector";
    private static final String SEQUENCER = "sequencer";

    /** The uid of the dead-letter queue. */
    public static final String DEAD_LETTERS = "dead-letters";

    /** The uid of a sink is this plus the sink's identity. */
    public static final String SINK = "sink-";

    /** The start of the uids of sources. */
    public static final String SOURCE = "source-";

    private static final String NOTICES = "notices";

    private final JobDefinition job;
    private final Function<DocumentInput, EncoderFactory> encoders;
    private final DisplayNames sinkNames;
    private final List<DataStream<Notice>> notices = new ArrayList<>();

    /**
     * @param encoders returns the encoder of a job's documents
     */
    public Topology(JobDefinition job, Function<DocumentInput, EncoderFactory> encoders) {
        this.job = job;
        this.encoders = encoders;
        this.sinkNames =
                new DisplayNames(
                        job.sinks().stream().map(NamedSink::name).toList(),
                        job.sinks().stream().map(NamedSink::displayName).toList());
    }

    /** Adds the job to the environment. */
    public void define(StreamExecutionEnvironment env) {
        Configuration settings = new Configuration();
        settings.set(org.apache.flink.configuration.PipelineOptions.GENERIC_TYPES, false);
        settings.set(org.apache.flink.configuration.PipelineOptions.AUTO_GENERATE_UIDS, false);
        // records are immutable, so operators need not copy them
        settings.set(org.apache.flink.configuration.PipelineOptions.OBJECT_REUSE, true);
        if (env.getConfiguration().getOptional(ExecutionOptions.BUFFER_TIMEOUT).isEmpty()) {
            settings.set(ExecutionOptions.BUFFER_TIMEOUT, BUFFER_TIMEOUT);
        }
        if (env.getConfiguration()
                .getOptional(CheckpointingOptions.CHECKPOINTING_TIMEOUT)
                .isEmpty()) {
            settings.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, CHECKPOINT_TIMEOUT);
        }
        env.configure(settings);
        checkCommits(env.getCheckpointConfig());
        if (env.getMaxParallelism() <= 0) {
            env.setMaxParallelism(MAX_PARALLELISM);
        }

        DataStream<VectorRecord> records;
        List<String> sources;
        if (job.input() instanceof DocumentInput documents) {
            records = encoded(env, documents);
            sources = documents.sources().stream().map(NamedSource::name).toList();
        } else if (job.input() instanceof VectorInput vectors) {
            records = copied(env, vectors.vectors());
            sources = List.of("vectors");
        } else {
            throw new IllegalStateException("unknown input " + job.input());
        }
        for (NamedSink sink : job.sinks()) {
            write(env, records, sink);
        }

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

    /** Lets the sinks reject checkpoints that take too long for them. */
    private void checkCommits(CheckpointConfig checkpoints) {
        if (!checkpoints.isCheckpointingEnabled()) {
            return;
        }
        // from one barrier to the next, while the first checkpoint may take until its timeout, and
        // then until the second checkpoint is complete
        long timeout = checkpoints.getCheckpointTimeout();
        long next =
                Math.max(
                        checkpoints.getCheckpointInterval(),
                        timeout + checkpoints.getMinPauseBetweenCheckpoints());
        Duration maxDelay = Duration.ofMillis(next + timeout);
        for (NamedSink named : job.sinks()) {
            if (named.prepared() instanceof FlinkSink sink) {
                sink.checkCommits(maxDelay);
            }
        }
        job.deadLetters().checkCommits(maxDelay);
    }

    /** The changes of the documents, in order per id. */
    private DataStream<VectorRecord> encoded(StreamExecutionEnvironment env, DocumentInput input) {
        PipelineOptions options = job.options();
        Provenance provenance = input.provenance();
        int documentTokens = provenance.maxTokens();
        long fingerprint =
                Hashes.fingerprint(
                        provenance.fingerprint(),
                        options.longDocuments().fingerprint(documentTokens));
        EncoderFactory encoder = encoders.apply(input);
        long[] sinks = Hashes.ofNames(job.sinks().stream().map(NamedSink::name).toList());

        DisplayNames sourceNames = DisplayNames.ofSources(input.sources());

        DataStream<Document> documents =
                input.sources().stream()
                        .map(source -> documents(env, source, sourceNames))
                        .reduce(DataStream::union)
                        .orElseThrow();

        SingleOutputStreamOperator<Change> changes =
                named(
                        CHANGE_DETECTOR,
                        documents
                                .keyBy(Document::id, Types.STRING)
                                .process(
                                        new ChangeDetector(
                                                new ChangeRules(options, fingerprint, sinks),
                                                MicrosClock.SYSTEM,
                                                encoder),
                                        TypeInformation.of(Change.class)));
        collectNotices(changes);

        SingleOutputStreamOperator<EncodedChange> encoded =
                named(
                        "encode",
                        AsyncDataStream.orderedWait(
                                        changes,
                                        new EncodeFunction(encoder, provenance, options),
                                        // no timeout, because a long queue is not a failure
                                        0,
                                        TimeUnit.MILLISECONDS,
                                        options.capacity())
                                .returns(TypeInformation.of(EncodedChange.class)));

        SingleOutputStreamOperator<VectorRecord> records =
                named(
                        SEQUENCER,
                        encoded.keyBy(change -> change.change().id(), Types.STRING)
                                .process(
                                        new Sequencer(options, fingerprint, documentTokens),
                                        TypeInformation.of(VectorRecord.class)));
        collectNotices(records);
        return records;
    }

    /** The vectors to copy, in order. */
    private DataStream<VectorRecord> copied(StreamExecutionEnvironment env, VectorSource vectors) {
        SingleOutputStreamOperator<VectorRecord> copied =
                named(
                                "copy",
                                named(
                                                "positions",
                                                env.fromSource(
                                                        CopyOperator.positions(vectors),
                                                        WatermarkStrategy.noWatermarks(),
                                                        "positions"))
                                        .setParallelism(1)
                                        .transform(
                                                "copy",
                                                TypeInformation.of(VectorRecord.class),
                                                new CopyOperator(vectors)))
                        .setParallelism(1);
        collectNotices(copied);
        return copied.keyBy(VectorRecord::id, Types.STRING);
    }

    private DataStream<Document> documents(
            StreamExecutionEnvironment env, NamedSource source, DisplayNames names) {
        SingleOutputStreamOperator<Document> parsed =
                parse(env, source, names, job.options().maxRecordBytes());
        collectNotices(parsed);
        return parsed;
    }

    /** The documents of a source; its notices are a side output. */
    static SingleOutputStreamOperator<Document> parse(
            StreamExecutionEnvironment env,
            NamedSource source,
            DisplayNames names,
            long maxRecordBytes) {
        return source(env, source, names)
                .transform(
                        "parse",
                        TypeInformation.of(Document.class),
                        new ParseOperator(
                                names.of(source.name()),
                                source.source().format(),
                                source.mapping(),
                                maxRecordBytes))
                .name("parse-" + names.inOperators(source.name()))
                .uid("parse-" + source.name());
    }

    /** The records of a source, under the name that its positions have in the state. */
    static SingleOutputStreamOperator<SourceRecord> source(
            StreamExecutionEnvironment env, NamedSource source, DisplayNames names) {
        return env.fromSource(
                        source.source().source(),
                        WatermarkStrategy.noWatermarks(),
                        "source",
                        TypeInformation.of(SourceRecord.class))
                .name("source-" + names.inOperators(source.name()))
                .uid(SOURCE + source.name());
    }

    private void write(
            StreamExecutionEnvironment env, DataStream<VectorRecord> records, NamedSink named) {
        PreparedSink sink = named.prepared();
        String name = named.name();
        String displayName = sinkNames.of(name);
        String inOperators = sinkNames.inOperators(name);
        SingleOutputStreamOperator<VectorRecord> accepted =
                records.transform(
                                "check",
                                TypeInformation.of(VectorRecord.class),
                                new SinkAdmission(named, displayName))
                        .name("check-" + inOperators)
                        .uid("check-" + name);
        collectNotices(accepted);
        int max =
                sink instanceof FlinkSink flinkSink
                        ? flinkSink.maxParallelism()
                        : Integer.MAX_VALUE;
        boolean isLimited = max < env.getMaxParallelism();
        if (!isLimited && job.sinks().size() > 1) {
            // a separate task: in the task of the sequencer, a sink that waits for its server would
            // block the other sinks
            accepted.startNewChain();
        }
        // fewer writers than sequencers: all changes of one id must still be in one writer
        DataStream<VectorRecord> toSink =
                isLimited ? accepted.keyBy(VectorRecord::id, Types.STRING) : accepted;
        if (sink instanceof BatchSink batches) {
            SingleOutputStreamOperator<DeadLetter> rejected =
                    BatchDelivery.write(toSink, name, displayName, batches)
                            .name("sink-" + inOperators)
                            .uid(SINK + name);
            notices.add(
                    rejected.process(
                                    new RejectedWritesFunction(name),
                                    TypeInformation.of(Notice.class))
                            .name("rejected-" + inOperators)
                            .uid("rejected-" + name));
            notices.add(
                    rejected.getSideOutput(BatchDelivery.PROGRESS)
                            .map(Notice::ofProgress, TypeInformation.of(Notice.class))
                            .name("progress-" + inOperators)
                            .uid("progress-" + name));
        } else if (sink instanceof FlinkSink flinkSink) {
            DataStreamSink<VectorRecord> written =
                    toSink.sinkTo(flinkSink.sink()).name("sink-" + inOperators).uid(SINK + name);
            if (isLimited) {
                written.setParallelism(Math.min(max, env.getParallelism()));
            }
        }
    }

    private void collectNotices(SingleOutputStreamOperator<?> operator) {
        notices.add(operator.getSideOutput(Notice.OUTPUT));
    }

    static <T> SingleOutputStreamOperator<T> named(
            String name, SingleOutputStreamOperator<T> operator) {
        return operator.name(name).uid(name);
    }
}
