package io.github.flinksplade.connector;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.flink.annotation.PublicEvolving;

/**
 * An option of a {@link ConnectorUri}: {@code ?name=value}. A connector declares its options once,
 * as constants and in the lists of {@link Connector}; from these come parsing, the rejection of
 * unknown options and the tables of the documentation.
 *
 * @param <T> type of the value
 */
@PublicEvolving
public final class ConnectorOption<T> {

    private final String name;
    private final String values;
    private final String defaultText;
    private final String description;
    private final Function<ConnectorUri, T> parser;

    private ConnectorOption(
            String name,
            String values,
            String defaultText,
            String description,
            Function<ConnectorUri, T> parser) {
        this.name = name;
        this.values = values;
        this.defaultText = defaultText;
        this.description = description;
        this.parser = parser;
    }

    /** An option that is {@code true} or {@code false}. */
    public static ConnectorOption<Boolean> flag(
            String name, boolean defaultValue, String description) {
        return new ConnectorOption<>(
                name,
                "true, false",
                String.valueOf(defaultValue),
                description,
                uri -> uri.flag(name, defaultValue));
    }

    /** A whole number from {@code min} to {@code max}. */
    public static ConnectorOption<Long> number(
            String name, long defaultValue, long min, long max, String description) {
        return new ConnectorOption<>(
                name,
                String.format(Locale.ROOT, "%,d to %,d", min, max),
                String.format(Locale.ROOT, "%,d", defaultValue),
                description,
                uri -> uri.number(name, defaultValue, min, max));
    }

    /** A size in bytes, such as {@code 16 mb}. */
    public static ConnectorOption<Long> size(
            String name, long defaultValue, long min, long max, String description) {
        return new ConnectorOption<>(
                name,
                Quantities.format(min) + " to " + Quantities.format(max),
                Quantities.format(defaultValue),
                description,
                uri -> uri.size(name, defaultValue, min, max));
    }

    /**
     * A duration, such as {@code 10 s}.
     *
     * @param defaultValue null for no default
     */
    public static ConnectorOption<Duration> duration(
            String name, Duration defaultValue, Duration min, Duration max, String description) {
        return new ConnectorOption<>(
                name,
                Quantities.format(min) + " to " + Quantities.format(max),
                defaultValue == null ? "" : Quantities.format(defaultValue),
                description,
                uri -> uri.duration(name, defaultValue, min, max));
    }

    /**
     * One of an enum's constants: its {@code toString()} in lower case.
     *
     * @param defaultValue null for no default
     */
    public static <E extends Enum<E>> ConnectorOption<E> choice(
            String name, Class<E> type, E defaultValue, String description) {
        return choice(name, type, defaultValue, Map.of(), description);
    }

    /** As {@link #choice(String, Class, Enum, String)}, where constants may have other names. */
    public static <E extends Enum<E>> ConnectorOption<E> choice(
            String name,
            Class<E> type,
            E defaultValue,
            Map<String, E> aliases,
            String description) {
        return new ConnectorOption<>(
                name,
                Arrays.stream(type.getEnumConstants())
                        .map(ConnectorUri::optionValue)
                        .collect(Collectors.joining(", ")),
                defaultValue == null ? "" : ConnectorUri.optionValue(defaultValue),
                description,
                uri -> uri.choice(name, type, defaultValue, aliases));
    }

    /**
     * A text.
     *
     * @param values what may be written, for the documentation, such as {@code a name}
     * @param defaultValue null for no default
     */
    public static ConnectorOption<String> text(
            String name, String values, String defaultValue, String description) {
        return text(name, values, defaultValue, description, Function.identity());
    }

    /**
     * A text that a connector parses itself.
     *
     * @param parser gets the text, or the default, which may be null; it throws {@link
     *     IllegalArgumentException} with a sentence for an invalid text
     */
    public static <T> ConnectorOption<T> text(
            String name,
            String values,
            String defaultValue,
            String description,
            Function<String, T> parser) {
        return new ConnectorOption<>(
                name,
                values,
                defaultValue == null ? "" : defaultValue,
                description,
                uri -> {
                    try {
                        return parser.apply(uri.option(name, defaultValue));
                    } catch (IllegalArgumentException e) {
                        throw new ConnectorException(
                                name + " in " + uri + ": " + e.getMessage(), e);
                    }
                });
    }

    /** The same option with a default that its value does not show, such as {@code all fields}. */
    public ConnectorOption<T> withDefaultText(String text) {
        return new ConnectorOption<>(name, values, text, description, parser);
    }

    /**
     * The option's value in a URI, or the default.
     *
     * @throws ConnectorException if the value is invalid
     */
    public T get(ConnectorUri uri) {
        return parser.apply(uri);
    }

    public String name() {
        return name;
    }

    /** The values that are accepted, in a few words. */
    public String values() {
        return values;
    }

    /** The default as a user would write it; empty without a default. */
    public String defaultText() {
        return defaultText;
    }

    /** One or two sentences, in Markdown. */
    public String description() {
        return description;
    }
}
