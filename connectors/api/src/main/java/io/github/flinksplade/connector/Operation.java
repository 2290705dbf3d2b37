package io.github.flinksplade.connector;

/** What a record asks for: that its id holds its text from now on, or that its id is gone. */
public enum Operation {
    UPSERT,
    DELETE
}
