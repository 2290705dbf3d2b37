package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.PipelineMetrics;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Writes and counts the dead letters of one operator. */
final class DeadLetters {

    /**
     * The parts in which two messages of a server with the same reason differ: numbers and
     * quotations.
     */
    private static final Pattern VALUES =
            Pattern.compile("'[^']*'|\"[^\"]*\"|\\[[^\\]]*\\]|[0-9]+");

    private static final int MAX_KEY_LENGTH = 120;

    private final DeadLetter.Stage stage;
    private final String sink;
    private final LongCounter total;
    private final LongCounter ofStage;
    private final MetricGroup metrics;
    private final Map<String, Counter> byReason = new HashMap<>();

    /**
     * @param sink the sink that rejects the records, or null
     */
    DeadLetters(RuntimeContext context, DeadLetter.Stage stage, String sink) {
        this.stage = stage;
        this.sink = sink;
        total = context.getLongCounter(Counters.DEAD_LETTERS);
        ofStage = context.getLongCounter(Counters.deadLetters(stage));
        metrics = context.getMetricGroup();
    }

    /**
     * A dead letter with a reason of this job.
     *
     * @param exception the class of the failure, which Kafka Connect's header contains
     * @param detail the value in this record; null if the reason's summary is complete
     */
    Notice write(
            SourceRecord origin,
            Class<? extends Exception> exception,
            Reason reason,
            String detail) {
        String message = reason.summary() + (detail == null ? "" : ": " + detail);
        DeadLetter letter = new DeadLetter(origin, stage, sink, exception.getName(), message);
        return notice(letter, reason, "", detail);
    }

    /**
     * A dead letter with a message from elsewhere, such as a server: messages that differ only in
     * values count as one reason.
     */
    Notice write(DeadLetter letter, Reason reason) {
        String kind = VALUES.matcher(letter.message()).replaceAll("#");
        return notice(
                letter,
                reason,
                "/" + kind.substring(0, Math.min(kind.length(), MAX_KEY_LENGTH)),
                letter.message());
    }

    private Notice notice(DeadLetter letter, Reason reason, String kind, String detail) {
        total.add(1L);
        ofStage.add(1L);
        byReason.computeIfAbsent(
                        reason.code(),
                        name ->
                                PipelineMetrics.DEAD_LETTERS.counter(
                                        metrics, stage.name().toLowerCase(Locale.ROOT), name))
                .inc();
        return new Notice(
                letter,
                stage + "/" + sink + "/" + reason.code() + "/" + reason.summary() + kind,
                reason.summary(),
                letter.origin().position(),
                Notice.abbreviated(detail),
                reason.hint(),
                0,
                null);
    }

    /** A dead letter with this operator's stage and sink. */
    DeadLetter letter(SourceRecord origin, Class<? extends Exception> exception, String message) {
        return new DeadLetter(origin, stage, sink, exception.getName(), message);
    }
}
