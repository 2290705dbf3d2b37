package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** The operation of a change: to create or replace a document, or to delete it. */
@PublicEvolving
public enum Operation {
    UPSERT,
    DELETE
}
