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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects all notices of the job, and therefore has parallelism 1. It lists them by reason in the
 * accumulator {@link Notices} and, at most once a minute, in the log, along with the progress of
 * the job; fails a job that has too many dead letters; and forwards the dead letters to their
 * queue.
 *
 * <p>The counts for the limit are in its state and exact over restarts, because operators report
 * the records read before each checkpoint barrier.
 */
final class NoticeBoard extends AbstractStreamOperator<DeadLetter>
        implements OneInputStreamOperator<Notice, DeadLetter>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    /** The delay of a log message, which contains all notices until then. */
    static final long LOG_DELAY_MILLIS = 1_000;

    static final long LOG_INTERVAL_MILLIS = 60_000;

    /** Has a name of its own, so that a local run can print notices without it. */
    private static final Logger PROGRESS =
            LoggerFactory.getLogger("io.github.flinksplade.pipeline.Progress");

    private static final int REASONS_IN_FAILURE = 2;
    private static final String READ = "read";

    /** Dead letters of records that did not reach a sink. */
    private static final String BEFORE_SINKS = "before-sinks";

    private static final String OF_SINK = "sink/";

    /** The log of the job. */
    interface Log extends Serializable {
        void warn(String message);
    }

    /**
     * One count of the state.
     *
     * @param sources the names of the sources, which change if they are read from their beginning
     */
    public record Tally(String sources, String name, long count) {}

    private final MaxDeadLetters max;
    private final String sources;
    private final List<String> sinks;
    private final Log log;

    private transient Notices notices;
    private transient ListState<Tally> state;
    private transient Map<String, Long> counts;
    private transient boolean hasUnlogged;
    private transient boolean isTimerSet;
    private transient long nextLogMillis;
    private transient ProgressLog progress;

    /**
     * @param sources the names of the sources
     * @param sinks the names of the sinks
     */
    NoticeBoard(MaxDeadLetters max, List<String> sources, List<String> sinks) {
        this(
                max,
                sources,
                sinks,
                message -> LoggerFactory.getLogger(NoticeBoard.class).warn(message));
    }

    NoticeBoard(MaxDeadLetters max, List<String> sources, List<String> sinks, Log log) {
        this.max = max;
        this.sources = String.join(" ", sources);
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
            if (tally.sources().equals(sources)) {
                counts.merge(tally.name(), tally.count(), Long::sum);
            }
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        List<Tally> tallies = new ArrayList<>();
        counts.forEach((name, count) -> tallies.add(new Tally(sources, name, count)));
        state.update(tallies);
    }

    @Override
    public void open() throws Exception {
        super.open();
        notices = new Notices();
        getRuntimeContext().addAccumulator(Notices.NAME, notices);
        progress = new ProgressLog();
        scheduleProgress();
    }

    private void scheduleProgress() {
        getProcessingTimeService()
                .registerTimer(
                        getProcessingTimeService().getCurrentProcessingTime() + LOG_INTERVAL_MILLIS,
                        time -> {
                            logProgress();
                            scheduleProgress();
                        });
    }

    private void logProgress() {
        String line = progress.next(LOG_INTERVAL_MILLIS / 1_000);
        if (line != null) {
            PROGRESS.info(line);
        }
    }

    @Override
    public void processElement(StreamRecord<Notice> element) {
        Notice notice = element.getValue();
        progress.add(notice);
        counts.merge(READ, notice.read(), Long::sum);
        if (notice.key() != null) {
            notices.add(notice.entry());
            hasUnlogged = true;
            if (!isTimerSet) {
                isTimerSet = true;
                long now = getProcessingTimeService().getCurrentProcessingTime();
                getProcessingTimeService()
                        .registerTimer(
                                Math.max(now + LOG_DELAY_MILLIS, nextLogMillis), this::onTimer);
            }
        }
        DeadLetter letter = notice.letter();
        if (letter != null) {
            counts.merge(
                    letter.stage() == DeadLetter.Stage.WRITE
                            ? OF_SINK + letter.sink()
                            : BEFORE_SINKS,
                    1L,
                    Long::sum);
            output.collect(new StreamRecord<>(letter));
            checkLimit(false);
        }
    }

    private long count(String name) {
        return counts.getOrDefault(name, 0L);
    }

    private void checkLimit(boolean isComplete) {
        long read = count(READ);
        long letters =
                counts.entrySet().stream()
                        .filter(entry -> !entry.getKey().equals(READ))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
        if (max.isExceededBy(letters, read, isComplete)) {
            throw new TooManyDeadLettersException(
                    letters
                            + " dead letters of "
                            + read
                            + " records read exceed max-dead-letters ("
                            + max
                            + "). Correct the records, or raise max-dead-letters. The dead-letter"
                            + " queue contains those up to the last checkpoint. Reasons: "
                            + Notices.deadLetters(notices.getLocalValue()).stream()
                                    .limit(REASONS_IN_FAILURE)
                                    .map(Notices.Entry::withoutHint)
                                    .collect(Collectors.joining("; "))
                            + ".");
        }
    }

    private void onTimer(long time) {
        isTimerSet = false;
        nextLogMillis = time + LOG_INTERVAL_MILLIS;
        logNew();
    }

    private void logNew() {
        if (hasUnlogged) {
            hasUnlogged = false;
            log.warn(
                    "Dead letters and other notices since the last start:\n  "
                            + notices.getLocalValue().stream()
                                    .map(Notices.Entry::toString)
                                    .collect(Collectors.joining("\n  ")));
        }
    }

    /** All records were read and processed. */
    @Override
    public void endInput() {
        checkLimit(true);
        long read = count(READ);
        boolean allRejected =
                sinks.stream()
                        .allMatch(sink -> count(BEFORE_SINKS) + count(OF_SINK + sink) >= read);
        if (read > 0 && allRejected) {
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
