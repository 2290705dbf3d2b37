package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.encoder.PassageSplitter;
import io.github.flinksplade.encoder.PassageSplitter.Passage;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineMetrics;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keyed by id: assigns each change its version, and skips documents that repeat the last one.
 * {@link ChangeRules} decides; this operator has the state and the counters.
 *
 * <p>Each change is emitted exactly once and in the order of versions, because the state changes
 * with it.
 */
final class ChangeDetector extends KeyedProcessFunction<String, Document, Change> {

    private static final long serialVersionUID = 1L;

    private static final Reason MIXED_VERSIONS =
            new Reason(
                    "mixed_versions",
                    "some records of an id have a version and others have none",
                    "Give all records of an id a version, or none of them. After a change of the"
                            + " option version of the source's URI, start with a new state.");
    private static final Reason EQUAL_VERSION =
            new Reason(
                    "equal_version",
                    "equal version with other content, not written",
                    "A version must grow with each change of a document. If this field is not a"
                            + " change number, add version=none to the source's URI, or version=NAME"
                            + " to use another field, and start with a new state.");
    private static final Reason DELETE_OF_UNKNOWN =
            new Reason(
                    "delete_of_unknown",
                    "delete of an id without a known document",
                    "A delete must have exactly the document's id. If a topic's keys are JSON or in"
                            + " quotation marks, add key=json to its URI, and id=key:/id if the id is"
                            + " their field \"id\".");

    private final ChangeRules rules;
    private final MicrosClock clock;
    private final EncoderFactory encoder;

    /** Null unless each passage has a vector. */
    private transient PassageSplitter splitter;

    private transient EngineRegistry.Lease lease;
    private transient ValueState<ChangeDetectorState> state;
    private transient Count skipped;
    private transient Count superseded;
    private transient Count equalVersion;
    private transient Count deletesOfUnknown;
    private transient Count fieldsOnly;
    private transient Count reindexed;
    private transient DeadLetters deadLetters;

    ChangeDetector(ChangeRules rules, MicrosClock clock, EncoderFactory encoder) {
        this.rules = rules;
        this.clock = clock;
        this.encoder = encoder;
    }

    @Override
    public void open(OpenContext openContext) throws InterruptedException {
        LongDocuments longDocuments = rules.options().longDocuments();
        if (longDocuments.mode() == Mode.PASSAGES) {
            lease = EngineRegistry.acquire(encoder.onAssignedGpu(getRuntimeContext()));
            splitter =
                    longDocuments.splitter(
                            lease.encoder().tokenizer(), lease.encoder().info().documentTokens());
        }
        ValueStateDescriptor<ChangeDetectorState> descriptor =
                new ValueStateDescriptor<>("last", TypeInformation.of(ChangeDetectorState.class));
        TimeToLive.of(rules.options().stateTtl()).ifPresent(descriptor::enableTimeToLive);
        state = getRuntimeContext().getState(descriptor);
        skipped = new Count(getRuntimeContext(), Counters.SKIPPED, PipelineMetrics.SKIPPED);
        superseded =
                new Count(getRuntimeContext(), Counters.SUPERSEDED, PipelineMetrics.SUPERSEDED);
        equalVersion =
                new Count(
                        getRuntimeContext(), Counters.EQUAL_VERSION, PipelineMetrics.EQUAL_VERSION);
        deletesOfUnknown =
                new Count(
                        getRuntimeContext(),
                        Counters.DELETES_OF_UNKNOWN,
                        PipelineMetrics.DELETES_OF_UNKNOWN);
        fieldsOnly =
                new Count(getRuntimeContext(), Counters.FIELDS_ONLY, PipelineMetrics.FIELDS_ONLY);
        reindexed = new Count(getRuntimeContext(), Counters.REINDEXED, PipelineMetrics.REINDEXED);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void processElement(Document document, Context context, Collector<Change> out)
            throws Exception {
        ChangeDetectorState last = state.value();
        Decision decision = rules.decide(last, document, clock.micros());
        if (decision instanceof Decision.Emit decided) {
            Decision.Emit emit =
                    splitter != null && decided.change().work() == Change.Work.ENCODE
                            ? rules.withPassages(last, decided, passages(document.text()))
                            : decided;
            count(emit.reason(), document, context);
            state.update(emit.next());
            out.collect(emit.change());
        } else if (decision instanceof Decision.Skip skip) {
            skipped.increment();
            if (skip.next() != null) {
                state.update(skip.next());
            }
        } else if (decision instanceof Decision.DropSuperseded) {
            superseded.increment();
        } else if (decision instanceof Decision.DropEqualVersion drop) {
            equalVersion.increment();
            context.output(Notice.OUTPUT, equalVersion(document, drop.version()));
        } else if (decision instanceof Decision.RejectMixedVersions) {
            context.output(Notice.OUTPUT, mixedVersions(document, deadLetters));
        }
    }

    /** A text that cannot be split cannot be encoded either, which rejects it. */
    private List<Passage> passages(String text) {
        try {
            return splitter.split(text);
        } catch (EncodingException e) {
            return List.of(new Passage(0, text.length()));
        }
    }

    @Override
    public void close() {
        if (lease != null) {
            lease.close();
            lease = null;
        }
    }

    private void count(Decision.Reason reason, Document document, Context context) {
        switch (reason) {
            case CHANGED -> {}
            case FIELDS_CHANGED -> fieldsOnly.increment();
            case REINDEXED -> reindexed.increment();
            case UNKNOWN_DELETED -> {
                deletesOfUnknown.increment();
                report(document, DELETE_OF_UNKNOWN, "id '" + document.id() + "'", context);
            }
        }
    }

    private static void report(Document document, Reason reason, String detail, Context context) {
        context.output(Notice.OUTPUT, Notice.of(document.origin(), reason, detail));
    }

    /** The notice of a document that {@link Decision.DropEqualVersion} drops. */
    static Notice equalVersion(Document document, long version) {
        return Notice.of(
                document.origin(), EQUAL_VERSION, "id '" + document.id() + "', version " + version);
    }

    /** The dead letter of a document that {@link Decision.RejectMixedVersions} rejects. */
    static Notice mixedVersions(Document document, DeadLetters deadLetters) {
        return deadLetters.write(
                document.origin(),
                InvalidRecordException.class,
                MIXED_VERSIONS,
                document.version() == null
                        ? "this one of id '" + document.id() + "' has none, but earlier ones have"
                        : "this one of id '"
                                + document.id()
                                + "' has a version, but earlier ones have none");
    }
}
