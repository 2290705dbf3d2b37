package io.github.flinksplade.pipeline.internal;

/**
 * What an engine has processed.
 *
 * @param tokens tokens without padding
 * @param paddedTokens tokens with padding
 */
public record EngineUsage(long tokens, long paddedTokens) {

    static final EngineUsage NONE = new EngineUsage(0, 0);
}
