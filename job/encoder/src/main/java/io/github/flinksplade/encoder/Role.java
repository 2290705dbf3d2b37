package io.github.flinksplade.encoder;

/** What a text is to the index: something to be found, or a question. Each has its token limit. */
public enum Role {
    DOCUMENT,
    QUERY
}
