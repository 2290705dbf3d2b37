package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.UnreadableRecordException;
import io.github.flinksplade.pipeline.internal.GateState.Versioning;
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
final class Gate extends KeyedProcessFunction<String, Document, Change> {

    private static final long serialVersionUID = 1L;

    private final PipelineOptions options;
    private final long fingerprint;
    private final long[] targets;
    private final MicrosClock clock;

    private transient ValueState<GateState> state;
    private transient Count skipped;
    private transient Count superseded;
    private transient Count fieldsOnly;
    private transient Count resent;
    private transient DeadLetterOffice deadLetters;

    Gate(PipelineOptions options, long fingerprint, long[] targets, MicrosClock clock) {
        this.options = options;
        this.fingerprint = fingerprint;
        this.targets = targets;
        this.clock = clock;
    }

    @Override
    public void open(OpenContext openContext) {
        ValueStateDescriptor<GateState> descriptor =
                new ValueStateDescriptor<>("gate", TypeInformation.of(GateState.class));
        TimeToLive.of(options.stateTtl()).ifPresent(descriptor::enableTimeToLive);
        state = getRuntimeContext().getState(descriptor);
        skipped = new Count(getRuntimeContext(), Counters.SKIPPED);
        superseded = new Count(getRuntimeContext(), Counters.SUPERSEDED);
        fieldsOnly = new Count(getRuntimeContext(), Counters.FIELDS_ONLY);
        resent = new Count(getRuntimeContext(), Counters.RESENT);
        deadLetters = new DeadLetterOffice(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public void processElement(Document document, Context context, Collector<Change> out)
            throws Exception {
        GateState last = state.value();
        boolean delete = document.isDelete();
        Versioning before = last == null ? Versioning.UNDECIDED : last.versioning();
        if (isMixed(before, document)) {
            context.output(DeadLetterOffice.OUTPUT, mixed(document, before));
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
                superseded.increment();
                return;
            }
        } else {
            version = same && sameEncoder ? last.version() : next(last);
        }

        boolean wanted =
                !options.gate()
                        || options.reindex()
                        || document.replayed()
                        || last != null && !Hashes.contains(last.targets(), targets);
        if (same && sameEncoder && !wanted) {
            skipped.increment();
            if (version != last.version() || versioning != before) {
                state.update(
                        new GateState(
                                versioning,
                                version,
                                last.deleted(),
                                last.textHash(),
                                last.fieldsHash(),
                                last.sequence(),
                                last.kept(),
                                last.fingerprint(),
                                last.targets()));
            }
            return;
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
                new GateState(
                        versioning,
                        version,
                        delete,
                        textHash,
                        fieldsHash,
                        sequence,
                        work == Change.Work.REUSE
                                || work == Change.Work.ENCODE && options.keepVectors(),
                        fingerprint,
                        targets));
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

    private DeadLetter mixed(Document document, Versioning before) {
        return deadLetters.write(
                document.origin(),
                UnreadableRecordException.class,
                "mixed_versions",
                before == Versioning.NUMBERED
                        ? "the record has a \"version\", but earlier records of id '"
                                + document.id()
                                + "' had none; give all of them one or none"
                        : "the record has no \"version\", but earlier records of id '"
                                + document.id()
                                + "' had one; give all of them one or none");
    }

    /**
     * Whether the guard can be trusted with the vector. What is replayed from the dead letters may
     * be there because it could not be encoded.
     */
    private boolean mayReuse(GateState last, Document document) {
        return options.gate() && options.keepVectors() && last.kept() && !document.replayed();
    }

    /**
     * The clock's time, so that what is read again after a failure, or by a job without its old
     * state, is newer than what the targets hold.
     */
    private long next(GateState last) {
        long now = clock.micros();
        return last == null ? now : Math.max(last.version() + 1, now);
    }
}
