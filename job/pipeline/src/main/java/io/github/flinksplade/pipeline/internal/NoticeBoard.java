package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import io.github.flinksplade.pipeline.Notices;
import io.github.flinksplade.pipeline.TooManyDeadLettersException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.LoggerFactory;

/**
 * Ahead of the dead-letter queue, with parallelism 1 so that it sees every notice of the job: lists
 * them by reason in the accumulator {@link Notices} and, at most once a minute, in the log; fails
 * the job that has too many dead letters; and passes the dead letters on.
 *
 * <p>What it counts for the limit is in its state, so it is exact over restarts: operators report
 * records read before each checkpoint's barrier.
 */
final class NoticeBoard extends AbstractStreamOperator<DeadLetter>
        implements OneInputStreamOperator<Notice, DeadLetter>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    /** Others that come within this time are in the same log message. */
    static final long FIRST_LOG_MILLIS = 1_000;

    static final long LOG_INTERVAL_MILLIS = 60_000;

    private static final int REASONS_IN_FAILURE = 2;
    private static final String READ = "read";

    /** Dead letters of records that no sink was given. */
    private static final String LOST = "lost";

    private static final String OF_SINK = "sink/";

    /** Where the job logs. */
    interface Log extends Serializable {
        void warn(String message);
    }

    /**
     * One number of the state.
     *
     * @param reading the names of the sources, which change when they are read from their beginning
     */
    public record Tally(String reading, String name, long count) {}

    private final MaxDeadLetters max;
    private final String reading;
    private final List<String> sinks;
    private final Log log;

    private transient Notices notices;
    private transient ListState<Tally> state;
    private transient Map<String, Long> counts;
    private transient boolean unlogged;
    private transient boolean timerSet;
    private transient long nextLog;

    /**
     * @param reading the names of the sources
     * @param sinks the names of the sinks
     */
    NoticeBoard(MaxDeadLetters max, List<String> reading, List<String> sinks) {
        this(
                max,
                reading,
                sinks,
                message -> LoggerFactory.getLogger(NoticeBoard.class).warn(message));
    }

    NoticeBoard(MaxDeadLetters max, List<String> reading, List<String> sinks, Log log) {
        this.max = max;
        this.reading = String.join(" ", reading);
        this.sinks = List.copyOf(sinks);
        this.log = log;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        state =
                context.getOperatorStateStore()
                        .getListState(
                                new ListStateDescriptor<>(
                                        "counts", TypeInformation.of(Tally.class)));
        counts = new TreeMap<>();
        for (Tally tally : state.get()) {
            if (tally.reading().equals(reading)) {
                counts.merge(tally.name(), tally.count(), Long::sum);
            }
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        List<Tally> tallies = new ArrayList<>();
        counts.forEach((name, count) -> tallies.add(new Tally(reading, name, count)));
        state.update(tallies);
    }

    @Override
    public void open() throws Exception {
        super.open();
        notices = new Notices();
        getRuntimeContext().addAccumulator(Notices.NAME, notices);
    }

    @Override
    public void processElement(StreamRecord<Notice> element) {
        Notice notice = element.getValue();
        counts.merge(READ, notice.read(), Long::sum);
        if (notice.key() != null) {
            notices.add(notice.entry());
            unlogged = true;
            if (!timerSet) {
                timerSet = true;
                long now = getProcessingTimeService().getCurrentProcessingTime();
                getProcessingTimeService()
                        .registerTimer(Math.max(now + FIRST_LOG_MILLIS, nextLog), this::onTimer);
            }
        }
        DeadLetter letter = notice.letter();
        if (letter != null) {
            counts.merge(
                    letter.stage() == DeadLetter.Stage.WRITE ? OF_SINK + letter.sink() : LOST,
                    1L,
                    Long::sum);
            output.collect(new StreamRecord<>(letter));
            checkLimit(false);
        }
    }

    private long count(String name) {
        return counts.getOrDefault(name, 0L);
    }

    private void checkLimit(boolean all) {
        long read = count(READ);
        long letters =
                counts.entrySet().stream()
                        .filter(entry -> !entry.getKey().equals(READ))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
        if (max.isExceededBy(letters, read, all)) {
            throw new TooManyDeadLettersException(
                    letters
                            + " dead letters of "
                            + read
                            + " records read exceed max-dead-letters ("
                            + max
                            + "). Correct the records, or raise max-dead-letters. The dead-letter"
                            + " queue has those up to the last checkpoint. Reasons: "
                            + Notices.deadLetters(notices.getLocalValue()).stream()
                                    .limit(REASONS_IN_FAILURE)
                                    .map(Notices.Entry::withoutWayOut)
                                    .collect(Collectors.joining("; "))
                            + ".");
        }
    }

    private void onTimer(long time) {
        timerSet = false;
        nextLog = time + LOG_INTERVAL_MILLIS;
        logNew();
    }

    private void logNew() {
        if (unlogged) {
            unlogged = false;
            log.warn(
                    "Dead letters and other notices since the last start:\n  "
                            + notices.getLocalValue().stream()
                                    .map(Notices.Entry::toString)
                                    .collect(Collectors.joining("\n  ")));
        }
    }

    /** All records were read, and whatever becomes of them is known. */
    @Override
    public void endInput() {
        checkLimit(true);
        long read = count(READ);
        boolean nothing =
                sinks.stream().allMatch(sink -> count(LOST) + count(OF_SINK + sink) >= read);
        if (read > 0 && nothing) {
            getRuntimeContext().getLongCounter(Counters.ALL_REJECTED).add(1L);
        }
    }

    @Override
    public void close() throws Exception {
        if (notices != null) {
            logNew();
        }
        super.close();
    }
}
