package io.github.flinksplade.encoder.onnxruntime;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * The token limits of the roles for which a model is opened. A limit from the options is applied or
 * rejected; the model's own and the default ones are reduced to what the model supports.
 */
record TokenLimits(Map<Role, Integer> limits) {

    /** More than known models support; the memory of a run grows with the square. */
    static final int MAX = 1 << 15;

    private static final int DEFAULT_DOCUMENT = 128;
    private static final int DEFAULT_QUERY = 24;

    /** The limits of the options, else those of the model, else the defaults. */
    static TokenLimits requested(EncoderOptions options, ModelFiles files, Collection<Role> roles) {
        Map<Role, Integer> limits = new EnumMap<>(Role.class);
        roles.forEach(role -> limits.put(role, requested(options, files, role)));
        return new TokenLimits(limits);
    }

    static int requested(EncoderOptions options, ModelFiles files, Role role) {
        int option = options.tokens(role);
        return switch (role) {
            case DOCUMENT -> firstPositive(option, files.documentTokens(), DEFAULT_DOCUMENT);
            case QUERY -> firstPositive(option, files.queryTokens(), DEFAULT_QUERY);
        };
    }

    private static int firstPositive(int option, int own, int defaultLimit) {
        return option > 0 ? option : own > 0 ? own : defaultLimit;
    }

    int max() {
        return Collections.max(limits.values());
    }

    private static String name(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the limits with room for the model's special tokens and prompts.
     *
     * @throws ModelException if a limit is too small, or one of the options is above {@link #MAX}
     */
    TokenLimits validated(EncoderOptions options, ModelTokenizer tokenizer, Prompts prompts) {
        Map<Role, Integer> validated = new EnumMap<>(Role.class);
        limits.forEach(
                (role, limit) ->
                        validated.put(
                                role,
                                validated(
                                        role,
                                        limit,
                                        options.tokens(role),
                                        tokenizer.count(prompts.of(role)),
                                        !prompts.of(role).isEmpty())));
        return new TokenLimits(validated);
    }

    private static int validated(Role role, int limit, int option, int special, boolean hasPrompt) {
        if (limit <= special) {
            throw new ModelException(
                    "the "
                            + name(role)
                            + " token limit "
                            + limit
                            + " leaves no room for text next to the model's "
                            + special
                            + " special tokens"
                            + (hasPrompt ? " and tokens of the prompt" : "")
                            + "; set it to at least "
                            + (special + 1));
        }
        if (option > MAX) {
            throw new ModelException(
                    "the "
                            + name(role)
                            + " token limit "
                            + option
                            + " exceeds "
                            + MAX
                            + "; lower it");
        }
        return Math.min(limit, MAX);
    }

    /**
     * Returns the limits reduced to the model's own.
     *
     * @throws ModelException if one of the options is above it
     */
    TokenLimits reducedTo(int max, EncoderOptions options, String model) {
        Map<Role, Integer> reduced = new EnumMap<>(Role.class);
        limits.forEach(
                (role, limit) -> {
                    int option = options.tokens(role);
                    if (option > max) {
                        throw new ModelException(
                                "the model "
                                        + model
                                        + " supports at most "
                                        + max
                                        + " tokens, but the "
                                        + name(role)
                                        + " token limit is "
                                        + option
                                        + "; lower it");
                    }
                    reduced.put(role, Math.min(limit, max));
                });
        return new TokenLimits(reduced);
    }
}
