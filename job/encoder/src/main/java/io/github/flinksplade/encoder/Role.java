package io.github.flinksplade.encoder;

/**
 * What a text is for: to be found, or to search with. Each role has its token limit and pruning.
 */
public enum Role {
    DOCUMENT,
    QUERY
}
