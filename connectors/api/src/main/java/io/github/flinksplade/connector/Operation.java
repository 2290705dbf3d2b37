package io.github.flinksplade.connector;

/** The operation of a change: to create or replace a document, or to delete it. */
public enum Operation {
    UPSERT,
    DELETE
}
