package io.github.flinksplade.encoder;

/** The part of a text that is dropped if it has too many tokens. */
public enum TruncationSide {
    /** The end. */
    RIGHT,
    /** The start, the prompt included. */
    LEFT
}
