package io.github.flinksplade.app.config;

import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.environment.HomeDirectory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * One setting of a job: a key of the job file and, under the same name, an option of {@code run}.
 *
 * @param <T> the type of its value
 */
public final class Setting<T> {

    private static final Duration MAX_DURATION = Duration.ofDays(36_500);

    private final String key;
    private final String type;
    private final String label;
    private final String defaultText;
    private final String description;
    private final String alias;
    private final boolean list;
    private final Function<List<String>, T> parser;

    private Setting(
            String key,
            String type,
            String label,
            String defaultText,
            String description,
            String alias,
            boolean list,
            Function<List<String>, T> parser) {
        this.key = key;
        this.type = type;
        this.label = label;
        this.defaultText = defaultText;
        this.description = description;
        this.alias = alias;
        this.list = list;
        this.parser = parser;
    }

    /**
     * A setting with one value.
     *
     * @param key its name in the file; {@code --key} on the command line
     * @param type the type for the reference page
     * @param label the name of the value in help texts; null for a flag
     * @param defaultText the default as a user writes it, or null
     * @param description one or two sentences
     * @param parser throws {@link IllegalArgumentException} with what is wrong and what is valid
     */
    public static <T> Setting<T> of(
            String key,
            String type,
            String label,
            String defaultText,
            String description,
            Function<String, T> parser) {
        return new Setting<>(
                key,
                type,
                label,
                defaultText,
                description,
                null,
                false,
                texts -> parser.apply(texts.get(0)));
    }

    /** A required setting with one or more different URIs. */
    static Setting<List<ConnectorUri>> uris(String key, String description) {
        return new Setting<>(
                key, "URI, or a list of them", "URI", null, description, null, true, Setting::uris);
    }

    static Setting<ConnectorUri> uri(String key, String description) {
        return of(key, "URI", "URI", null, description, Setting::parseUri);
    }

    /** A path, or a reference that may be one; a leading tilde is the home directory. */
    static Setting<String> path(
            String key, String type, String label, String defaultText, String description) {
        return of(key, type, label, defaultText, description, Setting::parsePath);
    }

    public static Setting<Integer> number(
            String key, int min, String defaultText, String description) {
        return of(
                key, "whole number", "N", defaultText, description, text -> parseNumber(text, min));
    }

    /** A size in bytes. */
    static Setting<Long> size(String key, long min, String defaultText, String description) {
        return of(key, "size", "SIZE", defaultText, description, text -> parseSize(text, min));
    }

    static Setting<Duration> duration(
            String key, Duration min, String defaultText, String description) {
        return of(
                key,
                "duration",
                "TIME",
                defaultText,
                description,
                text -> parseDuration(text, min));
    }

    public static Setting<Boolean> flag(String key, boolean defaultValue, String description) {
        return of(
                key,
                "true or false",
                null,
                Boolean.toString(defaultValue),
                description,
                Setting::parseFlag);
    }

    /** The same setting with a second name on the command line. */
    Setting<T> withAlias(String option) {
        return new Setting<>(key, type, label, defaultText, description, option, list, parser);
    }

    public String key() {
        return key;
    }

    /** The type for the reference page. */
    String type() {
        return type;
    }

    /** The name of the value in help texts; null for a flag. */
    public String label() {
        return label;
    }

    /** The default as a user writes it, or null. */
    public String defaultText() {
        return defaultText;
    }

    public String description() {
        return description;
    }

    /** Whether it takes several values; such a setting is required. */
    public boolean isList() {
        return list;
    }

    public boolean isFlag() {
        return label == null;
    }

    public boolean isOnByDefault() {
        return "true".equals(defaultText);
    }

    /** Its options on the command line; {@code --no-key} for a flag that is on by default. */
    public List<String> options() {
        String option = (isFlag() && isOnByDefault() ? "--no-" : "--") + key;
        return alias == null ? List.of(option) : List.of(option, alias);
    }

    /**
     * Parses a single value.
     *
     * @param where the location of the value, for the message
     * @throws UserException when the value is invalid
     */
    public T parse(String text, String where) {
        return parse(List.of(text), where);
    }

    /** Like {@link #parse(String, String)}, for all values that were given. */
    T parse(List<String> texts, String where) {
        if (!list && texts.size() != 1) {
            throw new UserException(key + " " + where + " takes one value, not " + texts.size());
        }
        try {
            return parser.apply(texts);
        } catch (IllegalArgumentException e) {
            throw UserException.at(where, key + " " + where + ": " + e.getMessage(), e);
        }
    }

    /** The default value, or null. */
    T defaultValue() {
        return defaultText == null ? null : parse(defaultText, "by default");
    }

    private static List<ConnectorUri> uris(List<String> texts) {
        List<ConnectorUri> uris = new ArrayList<>();
        Set<ConnectorUri> distinct = new HashSet<>();
        for (String text : texts) {
            ConnectorUri uri = parseUri(text);
            if (!distinct.add(uri)) {
                throw new IllegalArgumentException(uri + " is a duplicate");
            }
            uris.add(uri);
        }
        return List.copyOf(uris);
    }

    private static ConnectorUri parseUri(String text) {
        try {
            return ConnectorUri.parse(text);
        } catch (ConnectorException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    static String parsePath(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("it is empty");
        }
        return HomeDirectory.expand(text, System.getenv());
    }

    private static int parseNumber(String text, int min) {
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < min) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a whole number of at least " + min);
        }
        return Integer.parseInt(text);
    }

    private static boolean parseFlag(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
    }

    private static long parseSize(String text, long min) {
        long bytes = Quantities.bytes(text);
        if (bytes < min) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a size of at least " + min + " byte");
        }
        return bytes;
    }

    private static Duration parseDuration(String text, Duration min) {
        Duration duration = Quantities.duration(text);
        if (duration.compareTo(min) < 0 || duration.compareTo(MAX_DURATION) > 0) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is out of range: from "
                            + Quantities.format(min)
                            + " to "
                            + Quantities.format(MAX_DURATION));
        }
        return duration;
    }
}
