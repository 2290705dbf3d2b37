package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.UnreadableRecordException;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Versioning;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.Arrays;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keyed by id: gives each change its version and holds back what repeats the last one.
 *
 * <p>What passes, passes in order of its version, and exactly once: the state changes with it.
 */
final class ChangeDetector extends KeyedProcessFunction<String, Document, Change> {

    private static final long serialVersionUID = 1L;

    private static final Reason MIXED_VERSIONS =
            new Reason(
                    "mixed_versions",
                    "some records of an id have a version and others have none",
                    "Give all records of an id a version, or none of them. After a change of the"
                            + " option version of the source's URI, start with a new state.");
    private static final Reason SAME_VERSION =
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

    private final PipelineOptions options;
    private final long fingerprint;
    private final long[] sinks;
    private final MicrosClock clock;

    private transient ValueState<ChangeDetectorState> state;
    private transient Count skipped;
    private transient Count superseded;
    private transient Count equalVersion;
    private transient Count deletesOfUnknown;
    private transient Count fieldsOnly;
    private transient Count resent;
    private transient DeadLetters deadLetters;

    ChangeDetector(PipelineOptions options, long fingerprint, long[] sinks, MicrosClock clock) {
        this.options = options;
        this.fingerprint = fingerprint;
        this.sinks = sinks;
        this.clock = clock;
    }

    @Override
    public void open(OpenContext openContext) {
        ValueStateDescriptor<ChangeDetectorState> descriptor =
                new ValueStateDescriptor<>("gate", TypeInformation.of(ChangeDetectorState.class));
        TimeToLive.of(options.stateTtl()).ifPresent(descriptor::enableTimeToLive);
        state = getRuntimeContext().getState(descriptor);
        skipped = new Count(getRuntimeContext(), Counters.SKIPPED);
        superseded = new Count(getRuntimeContext(), Counters.SUPERSEDED);
        equalVersion = new Count(getRuntimeContext(), Counters.EQUAL_VERSION);
        deletesOfUnknown = new Count(getRuntimeContext(), Counters.DELETES_OF_UNKNOWN);
        fieldsOnly = new Count(getRuntimeContext(), Counters.FIELDS_ONLY);
        resent = new Count(getRuntimeContext(), Counters.RESENT);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void processElement(Document document, Context context, Collector<Change> out)
            throws Exception {
        ChangeDetectorState last = state.value();
        boolean delete = document.isDelete();
        Versioning before = last == null ? Versioning.UNDECIDED : last.versioning();
        if (isMixed(before, document)) {
            context.output(Notice.OUTPUT, mixed(document, before));
            return;
        }
        boolean explicit = document.version() != null || before == Versioning.EXPLICIT;
        Versioning versioning =
                explicit ? Versioning.EXPLICIT : delete ? before : Versioning.NUMBERED;

        byte[] textHash = delete ? null : Hashes.of(document.text());
        byte[] fieldsHash = delete ? null : Hashes.of(document.fields());
        boolean sameText = !delete && last != null && Arrays.equals(textHash, last.textHash());
        boolean sameFields =
                !delete && last != null && Arrays.equals(fieldsHash, last.fieldsHash());
        boolean same =
                last != null && delete == last.deleted() && (delete || sameText && sameFields);
        boolean sameEncoder = delete || last != null && last.fingerprint() == fingerprint;

        long version;
        if (explicit) {
            // a tombstone has no room for a version: it deletes the one that is there
            version = document.version() == null ? last.version() : document.version();
            if (before == Versioning.EXPLICIT
                    && (version < last.version()
                            || version == last.version() && !same && !delete)) {
                if (version < last.version() || last.deleted()) {
                    superseded.increment();
                } else {
                    equalVersion.increment();
                    context.output(
                            Notice.OUTPUT,
                            Notice.of(
                                    document.origin(),
                                    SAME_VERSION,
                                    "id '" + document.id() + "', version " + version));
                }
                return;
            }
        } else {
            version = same && sameEncoder ? last.version() : next(last);
        }

        boolean wanted =
                !options.gate()
                        || options.reindex()
                        || document.replayed()
                        || last != null && !Hashes.contains(last.sinks(), sinks);
        if (same && sameEncoder && !wanted) {
            skipped.increment();
            if (version != last.version() || versioning != before) {
                state.update(
                        new ChangeDetectorState(
                                versioning,
                                version,
                                last.deleted(),
                                last.textHash(),
                                last.fieldsHash(),
                                last.sequence(),
                                last.kept(),
                                last.fingerprint(),
                                last.sinks()));
            }
            return;
        }

        if (delete && last == null) {
            deletesOfUnknown.increment();
            context.output(
                    Notice.OUTPUT,
                    Notice.of(document.origin(), DELETE_OF_UNKNOWN, "id '" + document.id() + "'"));
        }
        Change.Work work =
                delete
                        ? Change.Work.NONE
                        : sameText && sameEncoder && mayReuse(last, document)
                                ? Change.Work.REUSE
                                : Change.Work.ENCODE;
        boolean again = last != null && version == last.version() && delete == last.deleted();
        if (same) {
            resent.increment();
        } else if (work == Change.Work.REUSE) {
            fieldsOnly.increment();
        }
        long sequence = last == null ? 1 : last.sequence() + 1;
        state.update(
                new ChangeDetectorState(
                        versioning,
                        version,
                        delete,
                        textHash,
                        fieldsHash,
                        sequence,
                        work == Change.Work.REUSE
                                || work == Change.Work.ENCODE && options.keepVectors(),
                        fingerprint,
                        sinks));
        out.collect(
                new Change(
                        document.id(),
                        document.operation(),
                        explicit,
                        version,
                        again,
                        work,
                        sequence,
                        textHash,
                        document.text(),
                        document.fields(),
                        document.origin()));
    }

    private static boolean isMixed(Versioning before, Document document) {
        return switch (before) {
            case UNDECIDED -> false;
            case NUMBERED -> document.version() != null;
            case EXPLICIT -> document.version() == null && !document.isDelete();
        };
    }

    private Notice mixed(Document document, Versioning before) {
        return deadLetters.write(
                document.origin(),
                UnreadableRecordException.class,
                MIXED_VERSIONS,
                before == Versioning.NUMBERED
                        ? "this one of id '" + document.id() + "' has a version, earlier ones none"
                        : "this one of id '" + document.id() + "' has none, earlier ones had one");
    }

    /**
     * Whether the guard can be trusted with the vector. What is replayed from the dead letters may
     * be there because it could not be encoded.
     */
    private boolean mayReuse(ChangeDetectorState last, Document document) {
        return options.gate() && options.keepVectors() && last.kept() && !document.replayed();
    }

    /**
     * The clock's time, so that what is read again after a failure, or by a job without its old
     * state, is newer than what the targets hold.
     */
    private long next(ChangeDetectorState last) {
        long now = clock.micros();
        return last == null ? now : Math.max(last.version() + 1, now);
    }
}
