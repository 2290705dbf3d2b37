package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.SparseVector;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.PipelineOptions;
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
 * Keyed by id, behind the encoder: sends only what is newer than what it sent last, and adds the
 * vector it sent last to what needs no inference.
 *
 * <p>Changes of one id arrive here in the order of their versions, but for one case: what is in the
 * encoder when the job stops is spread anew over the subtasks when it starts with another
 * parallelism, and may then be overtaken. An overtaken change is dropped; one that overtakes the
 * text it refers to is held until that text arrives.
 */
final class OrderGuard extends KeyedProcessFunction<String, EncodedChange, VectorRecord> {

    private static final long serialVersionUID = 1L;

    /** The gate forgets first, so that it never counts on a vector that is forgotten here. */
    private static final Duration LONGER_THAN_GATE = Duration.ofHours(1);

    /** A text that is in the encoder arrives within this time, or never. */
    static final Duration LONGEST_HOLD = Duration.ofMinutes(30);

    private static final Comparator<Change> OLDEST_FIRST =
            Comparator.comparingLong(Change::version);

    private final PipelineOptions options;
    private final long fingerprint;

    private transient ValueState<GuardState> state;
    private transient ListState<Change> held;
    private transient Count encoded;
    private transient Count tokens;
    private transient Count truncated;
    private transient Count superseded;
    private transient Count modelTokens;
    private transient Count modelPositions;
    private transient DeadLetterOffice deadLetters;

    OrderGuard(PipelineOptions options, long fingerprint) {
        this.options = options;
        this.fingerprint = fingerprint;
    }

    @Override
    public void open(OpenContext openContext) {
        ValueStateDescriptor<GuardState> last =
                new ValueStateDescriptor<>("guard", TypeInformation.of(GuardState.class));
        if (!options.stateTtl().isZero()) {
            TimeToLive.of(options.stateTtl().plus(LONGER_THAN_GATE))
                    .ifPresent(last::enableTimeToLive);
        }
        state = getRuntimeContext().getState(last);
        held =
                getRuntimeContext()
                        .getListState(
                                new ListStateDescriptor<>(
                                        "held", TypeInformation.of(Change.class)));
        encoded = new Count(getRuntimeContext(), Counters.ENCODED);
        tokens = new Count(getRuntimeContext(), Counters.TOKENS);
        truncated = new Count(getRuntimeContext(), Counters.TRUNCATED);
        superseded = new Count(getRuntimeContext(), Counters.SUPERSEDED);
        modelTokens = new Count(getRuntimeContext(), Counters.MODEL_TOKENS);
        modelPositions = new Count(getRuntimeContext(), Counters.MODEL_POSITIONS);
        deadLetters = new DeadLetterOffice(getRuntimeContext(), DeadLetter.Stage.ENCODE, null);
    }

    @Override
    public void processElement(EncodedChange arrived, Context context, Collector<VectorRecord> out)
            throws Exception {
        modelTokens.add(arrived.modelTokens());
        modelPositions.add(arrived.modelPositions());
        GuardState last = state.value();
        GuardState next = settle(last == null ? GuardState.NEW : last, arrived, context, out);
        if (next.holding()) {
            next = settleHeld(next, context, out);
        }
        if (next != last) {
            state.update(next);
        }
    }

    /** Sends, drops, refuses or holds one change; answers the state after it. */
    private GuardState settle(
            GuardState last, EncodedChange arrived, Context context, Collector<VectorRecord> out)
            throws Exception {
        Change change = arrived.change();
        return switch (change.work()) {
            case NONE -> {
                if (isOlder(change, last)) {
                    superseded.increment();
                    yield last;
                }
                out.collect(record(change, null, 0, false));
                yield after(last, change, null, 0, false);
            }
            case ENCODE -> {
                GuardState tried = last.withEncodedVersion(change.version());
                if (arrived.failure() != null) {
                    refuse(change, "not_encodable", arrived.failure(), context);
                    yield tried;
                }
                encoded.increment();
                tokens.add(arrived.tokens());
                if (arrived.truncated()) {
                    truncated.increment();
                }
                if (isOlder(change, last)) {
                    superseded.increment();
                    yield tried;
                }
                SparseVector vector = new SparseVector(arrived.indices(), arrived.values());
                out.collect(record(change, vector, arrived.tokens(), arrived.truncated()));
                yield after(tried, change, vector, arrived.tokens(), arrived.truncated());
            }
            case REUSE -> {
                if (isOlder(change, last)) {
                    superseded.increment();
                    yield last;
                }
                if (last.vector() != null
                        && last.fingerprint() == fingerprint
                        && Arrays.equals(last.textHash(), change.textHash())) {
                    SparseVector vector = CompactVector.read(last.vector());
                    out.collect(record(change, vector, last.tokens(), last.truncated()));
                    yield after(last, change, vector, last.tokens(), last.truncated());
                }
                if (last.encodedVersion() < change.textVersion()) {
                    held.add(change);
                    context.timerService()
                            .registerProcessingTimeTimer(
                                    context.timerService().currentProcessingTime()
                                            + LONGEST_HOLD.toMillis());
                    yield last.withHolding(true);
                }
                refuseWithoutVector(change, context);
                yield last;
            }
        };
    }

    /** Looks again at what is held, oldest first; what still waits is held again. */
    private GuardState settleHeld(GuardState last, Context context, Collector<VectorRecord> out)
            throws Exception {
        List<Change> waiting = takeHeld();
        GuardState next = last.withHolding(false);
        for (Change change : waiting) {
            next = settle(next, withoutVector(change), context, out);
        }
        return next;
    }

    private List<Change> takeHeld() throws Exception {
        List<Change> waiting = new ArrayList<>();
        held.get().forEach(waiting::add);
        held.clear();
        waiting.sort(OLDEST_FIRST);
        return waiting;
    }

    private static EncodedChange withoutVector(Change change) {
        return new EncodedChange(change, null, null, 0, false, null, 0, 0);
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<VectorRecord> out)
            throws Exception {
        GuardState last = state.value();
        if (last != null && last.holding()) {
            for (Change change : takeHeld()) {
                refuseWithoutVector(change, context);
            }
            state.update(last.withHolding(false));
        }
    }

    private void refuseWithoutVector(Change change, Context context) {
        refuse(
                change,
                "no_vector",
                "only other fields of '"
                        + change.id()
                        + "' have changed, but its text could not be encoded before, so there is no"
                        + " vector to send with them; see the earlier dead letter of this id",
                context);
    }

    private void refuse(Change change, String reason, String message, Context context) {
        context.output(
                DeadLetterOffice.OUTPUT,
                deadLetters.write(change.origin(), EncodingException.class, reason, message));
    }

    /** Whether what was sent last is newer, or is the same and not to be sent again. */
    private static boolean isOlder(Change change, GuardState last) {
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

    private GuardState after(
            GuardState last, Change change, SparseVector vector, int tokens, boolean truncated) {
        boolean keep = vector != null && options.keepVectors();
        return new GuardState(
                true,
                change.explicit(),
                change.version(),
                change.isDelete(),
                keep ? change.textHash() : null,
                keep ? fingerprint : 0,
                keep ? CompactVector.write(vector) : null,
                keep ? tokens : 0,
                keep && truncated,
                last.encodedVersion(),
                last.holding());
    }

    private static VectorRecord record(
            Change change, SparseVector vector, int tokens, boolean truncated) {
        return new VectorRecord(
                change.id(),
                change.operation(),
                change.version(),
                change.text(),
                change.fields(),
                vector == null ? null : vector.indices(),
                vector == null ? null : vector.values(),
                tokens,
                truncated,
                change.origin());
    }
}
