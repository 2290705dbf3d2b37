package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.util.OutputTag;

/** Writes and counts the dead letters of one operator. */
final class DeadLetterOffice {

    /** Where every operator puts its dead letters. */
    static final OutputTag<DeadLetter> OUTPUT =
            new OutputTag<>("dead-letters", TypeInformation.of(DeadLetter.class));

    private final DeadLetter.Stage stage;
    private final String target;
    private final LongCounter all;
    private final LongCounter ofStage;
    private final MetricGroup metrics;
    private final Map<String, Counter> byReason = new HashMap<>();

    /**
     * @param target the target whose refusals these are, or null
     */
    DeadLetterOffice(RuntimeContext context, DeadLetter.Stage stage, String target) {
        this.stage = stage;
        this.target = target;
        all = context.getLongCounter(Counters.DEAD_LETTERS);
        ofStage = context.getLongCounter(Counters.deadLetters(stage));
        metrics = context.getMetricGroup().addGroup("stage", stage.name().toLowerCase(Locale.ROOT));
    }

    /**
     * @param exception the failure, or what stands for it under Kafka Connect's name
     * @param reason one of few words, for counting
     */
    DeadLetter write(
            SourceRecord origin,
            Class<? extends Exception> exception,
            String reason,
            String message) {
        count(reason);
        return new DeadLetter(origin, stage, target, exception.getName(), message);
    }

    /** Counts one that is written already. */
    void count(String reason) {
        all.add(1L);
        ofStage.add(1L);
        byReason.computeIfAbsent(
                        reason,
                        name -> metrics.addGroup("reason", name).counter(Counters.DEAD_LETTERS))
                .inc();
    }
}
