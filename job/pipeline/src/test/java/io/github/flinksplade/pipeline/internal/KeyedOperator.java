package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;

/** Flink's test harness for a keyed function of the job. */
final class KeyedOperator<I, O> implements AutoCloseable {

    static final int MAX_PARALLELISM = 128;

    private final KeyedOneInputStreamOperatorTestHarness<String, I, O> harness;
    private final KeyedProcessFunction<String, I, O> function;
    private final int parallelism;
    private final int subtask;
    private long checkpoint;
    private int deadLettersReturned;

    private KeyedOperator(
            KeyedProcessFunction<String, I, O> function,
            KeySelector<I, String> key,
            int parallelism,
            int subtask)
            throws Exception {
        this.function = function;
        this.parallelism = parallelism;
        this.subtask = subtask;
        harness =
                new KeyedOneInputStreamOperatorTestHarness<>(
                        new KeyedProcessOperator<>(function),
                        key,
                        Types.STRING,
                        MAX_PARALLELISM,
                        parallelism,
                        subtask);
    }

    static <I, O> KeyedOperator<I, O> open(
            KeyedProcessFunction<String, I, O> function,
            KeySelector<I, String> key,
            OperatorSubtaskState from)
            throws Exception {
        return open(function, key, from, 1, 0);
    }

    static <I, O> KeyedOperator<I, O> open(
            KeyedProcessFunction<String, I, O> function,
            KeySelector<I, String> key,
            OperatorSubtaskState from,
            int parallelism,
            int subtask)
            throws Exception {
        KeyedOperator<I, O> operator = new KeyedOperator<>(function, key, parallelism, subtask);
        operator.harness.setup();
        if (from != null) {
            operator.harness.initializeState(from);
        }
        operator.harness.open();
        return operator;
    }

    /** The part of a snapshot for a subtask of another parallelism. */
    static OperatorSubtaskState part(OperatorSubtaskState all, int from, int to, int subtask) {
        return AbstractStreamOperatorTestHarness.repartitionOperatorState(
                all, MAX_PARALLELISM, from, to, subtask);
    }

    boolean owns(String key) {
        return KeyGroupRangeAssignment.assignKeyToParallelOperator(
                        key, MAX_PARALLELISM, parallelism)
                == subtask;
    }

    /** Processes an element; returns what is emitted for it. */
    List<O> process(I element) throws Exception {
        harness.processElement(element, 0);
        return emitted();
    }

    /** What was emitted since the last call. */
    List<O> emitted() {
        List<O> out = new ArrayList<>(harness.extractOutputValues());
        harness.getOutput().clear();
        return out;
    }

    /** The dead letters since the last call. */
    List<DeadLetter> deadLetters() {
        List<DeadLetter> all =
                notices().stream().map(Notice::letter).filter(Objects::nonNull).toList();
        List<DeadLetter> fresh = all.subList(deadLettersReturned, all.size());
        deadLettersReturned = all.size();
        return fresh;
    }

    /** All notices that the operator has reported. */
    List<Notice> notices() {
        return harness.getSideOutput(Notice.OUTPUT) == null
                ? List.of()
                : harness.getSideOutput(Notice.OUTPUT).stream()
                        .map(StreamRecord::getValue)
                        .toList();
    }

    long count(String accumulator) {
        return function.getRuntimeContext().getLongCounter(accumulator).getLocalValuePrimitive();
    }

    void setProcessingTime(long millis) throws Exception {
        harness.setProcessingTime(millis);
        harness.setStateTtlProcessingTime(millis);
    }

    OperatorSubtaskState snapshot() throws Exception {
        return harness.snapshot(++checkpoint, 0);
    }

    @Override
    public void close() {
        try {
            harness.close();
        } catch (Exception e) {
            throw new AssertionError("the operator cannot be closed", e);
        }
    }
}
