package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import io.github.flinksplade.vector.SparseVector;
import io.github.flinksplade.vector.VectorCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keyed by id, behind the encoder: sends each change once, in the gate's order, and adds the vector
 * it sent last to what needs no inference.
 *
 * <p>Changes of one id arrive here in the gate's order, but for one case: what is in the encoder
 * when the job stops is spread anew over the subtasks when it starts with another parallelism, and
 * may then be overtaken. What overtakes is held until all before it have arrived.
 *
 * <p>Versions are compared all the same: the gate may have forgotten an id, or have lost its state.
 */
final class Sequencer extends KeyedProcessFunction<String, EncodedChange, VectorRecord> {

    private static final long serialVersionUID = 1L;

    /** The gate forgets first, so that it never counts on a vector that is forgotten here. */
    private static final Duration LONGER_THAN_GATE = Duration.ofHours(1);

    /** What is in the encoder arrives within this time, or never. */
    static final Duration LONGEST_HOLD = Duration.ofMinutes(30);

    private static final Reason NOT_ENCODABLE =
            new Reason("not_encodable", "the text cannot be encoded", null);
    private static final Reason NO_VECTOR =
            new Reason("no_vector", "there is no vector for the changed fields", null);

    private static final Comparator<EncodedChange> IN_ORDER =
            Comparator.comparingLong(held -> held.change().sequence());

    private final PipelineOptions options;
    private final long fingerprint;

    private transient ValueState<SequencerState> state;
    private transient ListState<EncodedChange> held;
    private transient Count encoded;
    private transient Count tokens;
    private transient Count truncated;
    private transient Count superseded;
    private transient Count modelTokens;
    private transient Count modelPositions;
    private transient DeadLetters deadLetters;

    Sequencer(PipelineOptions options, long fingerprint) {
        this.options = options;
        this.fingerprint = fingerprint;
    }

    @Override
    public void open(OpenContext openContext) {
        ValueStateDescriptor<SequencerState> last =
                new ValueStateDescriptor<>("guard", TypeInformation.of(SequencerState.class));
        if (!options.stateTtl().isZero()) {
            TimeToLive.of(options.stateTtl().plus(LONGER_THAN_GATE))
                    .ifPresent(last::enableTimeToLive);
        }
        state = getRuntimeContext().getState(last);
        held =
                getRuntimeContext()
                        .getListState(
                                new ListStateDescriptor<>(
                                        "held", TypeInformation.of(EncodedChange.class)));
        encoded = new Count(getRuntimeContext(), Counters.ENCODED);
        tokens = new Count(getRuntimeContext(), Counters.TOKENS);
        truncated = new Count(getRuntimeContext(), Counters.TRUNCATED);
        superseded = new Count(getRuntimeContext(), Counters.SUPERSEDED);
        modelTokens = new Count(getRuntimeContext(), Counters.MODEL_TOKENS);
        modelPositions = new Count(getRuntimeContext(), Counters.MODEL_POSITIONS);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.ENCODE, null);
    }

    @Override
    public void processElement(EncodedChange arrived, Context context, Collector<VectorRecord> out)
            throws Exception {
        modelTokens.add(arrived.modelTokens());
        modelPositions.add(arrived.modelPositions());
        SequencerState last = state.value();
        SequencerState next = last == null ? SequencerState.NEW : last;
        if (arrived.change().sequence() > next.sequence() + 1) {
            held.add(arrived);
            context.timerService()
                    .registerProcessingTimeTimer(
                            context.timerService().currentProcessingTime()
                                    + LONGEST_HOLD.toMillis());
            next = next.withHolding(true);
        } else {
            next = settle(next, arrived, context, out);
            if (next.holding()) {
                next = settleHeld(next, false, context, out);
            }
        }
        state.update(next);
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<VectorRecord> out)
            throws Exception {
        SequencerState last = state.value();
        if (last != null && last.holding()) {
            state.update(settleHeld(last, true, context, out));
        }
    }

    /**
     * Settles what is held, in order, up to the first gap.
     *
     * @param gaps whether to go on over gaps
     */
    private SequencerState settleHeld(
            SequencerState last, boolean gaps, Context context, Collector<VectorRecord> out)
            throws Exception {
        List<EncodedChange> waiting = new ArrayList<>();
        held.get().forEach(waiting::add);
        held.clear();
        waiting.sort(IN_ORDER);
        SequencerState next = last;
        int settled = 0;
        while (settled < waiting.size()
                && (gaps || waiting.get(settled).change().sequence() <= next.sequence() + 1)) {
            next = settle(next, waiting.get(settled++), context, out);
        }
        held.addAll(waiting.subList(settled, waiting.size()));
        return next.withHolding(settled < waiting.size());
    }

    /** Sends, drops or refuses one change; answers the state after it. */
    private SequencerState settle(
            SequencerState last,
            EncodedChange arrived,
            Context context,
            Collector<VectorRecord> out) {
        Change change = arrived.change();
        if (change.work() == Change.Work.ENCODE) {
            if (arrived.failure() != null) {
                context.output(
                        Notice.OUTPUT,
                        deadLetters.write(
                                deadLetters.letter(
                                        change.origin(),
                                        EncodingException.class,
                                        arrived.failure()),
                                NOT_ENCODABLE));
                return passed(last, change);
            }
            encoded.increment();
            tokens.add(arrived.tokens());
            if (arrived.truncated()) {
                truncated.increment();
            }
        }
        if (isOlder(change, last)) {
            superseded.increment();
            return passed(last, change);
        }
        return switch (change.work()) {
            case NONE -> send(change, null, 0, false, last, out);
            case ENCODE ->
                    send(
                            change,
                            arrived.vector(),
                            arrived.tokens(),
                            arrived.truncated(),
                            last,
                            out);
            case REUSE -> {
                if (last.vector() == null
                        || last.fingerprint() != fingerprint
                        || !Arrays.equals(last.textHash(), change.textHash())) {
                    refuseWithoutVector(change, context);
                    yield passed(last, change);
                }
                yield send(
                        change,
                        VectorCodec.decode(last.vector()),
                        last.tokens(),
                        last.truncated(),
                        last,
                        out);
            }
        };
    }

    /** Nothing was sent, but what follows this change is not to wait for it. */
    private static SequencerState passed(SequencerState last, Change change) {
        return last.withSequence(Math.max(last.sequence(), change.sequence()));
    }

    private void refuseWithoutVector(Change change, Context context) {
        context.output(
                Notice.OUTPUT,
                deadLetters.write(
                        deadLetters.letter(
                                change.origin(),
                                EncodingException.class,
                                "only other fields of '"
                                        + change.id()
                                        + "' have changed, but its text could not be encoded before,"
                                        + " so there is no vector to send with them; see the earlier"
                                        + " dead letter of this id"),
                        NO_VECTOR));
    }

    /** Whether what was sent last is newer, or is the same and not to be sent again. */
    private static boolean isOlder(Change change, SequencerState last) {
        if (!last.sent()) {
            return false;
        }
        // versions of the documents' own follow at most a delete that the gate had to number
        int order = Boolean.compare(change.explicit(), last.explicit());
        if (order == 0) {
            order = Long.compare(change.version(), last.version());
        }
        if (order == 0) {
            order = Boolean.compare(change.isDelete(), last.deleted());
        }
        return order < 0 || order == 0 && !change.again();
    }

    /**
     * Whether a delete's number says nothing: the gate had to give it one from the clock, and the
     * versions that follow may be the documents' own.
     */
    private static boolean isUnversioned(Change change, SequencerState last) {
        boolean numbered = last.sent() && !last.explicit() && !last.deleted();
        return change.isDelete() && !change.explicit() && !numbered;
    }

    private SequencerState send(
            Change change,
            SparseVector vector,
            int tokensOfText,
            boolean wasTruncated,
            SequencerState last,
            Collector<VectorRecord> out) {
        out.collect(
                new VectorRecord(
                        change.id(),
                        change.operation(),
                        isUnversioned(change, last) ? VectorRecord.NO_VERSION : change.version(),
                        change.text(),
                        change.fields(),
                        vector,
                        tokensOfText,
                        wasTruncated,
                        change.origin()));
        boolean keep = vector != null && options.keepVectors();
        return new SequencerState(
                true,
                change.explicit(),
                change.version(),
                change.isDelete(),
                keep ? change.textHash() : null,
                keep ? fingerprint : 0,
                keep ? VectorCodec.encode(vector) : null,
                keep ? tokensOfText : 0,
                keep && wasTruncated,
                change.sequence(),
                last.holding());
    }
}
