package io.github.flinksplade.pipeline;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The topology: source, gate, encode, order guard, targets; dead letters aside. */
public final class SpladeJob {

    private SpladeJob() {}

    /** Adds the job to the environment; whoever calls it executes the environment. */
    public static void define(StreamExecutionEnvironment env, JobDefinition job) {
        throw new IllegalStateException("not yet");
    }
}
