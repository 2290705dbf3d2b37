package io.github.flinksplade.connector;

import org.apache.flink.api.connector.sink2.Sink;

/** A target with a Flink sink, which knows of checkpoints: transactions, files, a local index. */
public non-sealed interface SinkTarget extends Target {

    /** The Flink sink. */
    Sink<VectorRecord> sink(TargetContext context);
}
