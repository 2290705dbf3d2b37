package io.github.flinksplade.encoder;

/** Whether a text is a document or a query. Each role has its own token limit and pruning. */
public enum Role {
    DOCUMENT,
    QUERY
}
