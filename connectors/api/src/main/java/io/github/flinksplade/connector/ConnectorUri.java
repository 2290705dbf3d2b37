package io.github.flinksplade.connector;

import java.io.Serializable;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The URI of a source, sink or dead-letter queue: {@code
 * scheme:location?option=value&option=value}. The location is everything between the scheme and the
 * question mark as it was written ({@code //broker:9092/topic}, {@code docs.jsonl}); only the
 * values of options are percent-decoded. Settings outside the URI (the properties of a connector in
 * the job file, secrets) are its {@code properties}.
 */
@PublicEvolving
public final class ConnectorUri implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The scheme of standard input, which is written as {@code -}. */
    private static final String STANDARD_INPUT = "stdin:";

    private final String scheme;
    private final String location;
    private final LinkedHashMap<String, String> options;
    private final LinkedHashMap<String, String> properties;

    private ConnectorUri(
            String scheme,
            String location,
            LinkedHashMap<String, String> options,
            LinkedHashMap<String, String> properties) {
        this.scheme = scheme;
        this.location = location;
        this.options = options;
        this.properties = properties;
    }

    /**
     * Parses a URI. {@code -} is short for {@code stdin:-}.
     *
     * @throws ConnectorException if the text is not a URI
     */
    public static ConnectorUri parse(String uri) {
        String text = uri.matches("(?s)-(\\?.*)?") ? STANDARD_INPUT + uri : uri;
        String shown = maskPasswords(text);
        int colon = text.indexOf(':');
        if (colon <= 0 || !text.substring(0, colon).matches("[a-z][a-z0-9+.-]*")) {
            throw new ConnectorException(
                    "'"
                            + shown
                            + "' is not a URI. Write scheme:location, such as file:docs.jsonl or"
                            + " kafka://broker:9092/topic");
        }
        String rest = text.substring(colon + 1);
        int question = rest.indexOf('?');
        String location = question < 0 ? rest : rest.substring(0, question);
        if (location.isEmpty()) {
            throw new ConnectorException(
                    "'" + shown + "' has no location after '" + text.substring(0, colon) + ":'");
        }
        LinkedHashMap<String, String> options = new LinkedHashMap<>();
        if (question >= 0) {
            for (String pair : rest.substring(question + 1).split("&")) {
                if (pair.isEmpty()) {
                    continue;
                }
                int equals = pair.indexOf('=');
                if (equals <= 0) {
                    throw new ConnectorException(
                            "option '"
                                    + maskPasswords(pair)
                                    + "' in '"
                                    + shown
                                    + "' has no value. Write name=value");
                }
                String value;
                try {
                    value =
                            URLDecoder.decode(
                                    pair.substring(equals + 1).replace("+", "%2B"),
                                    StandardCharsets.UTF_8);
                } catch (IllegalArgumentException e) {
                    throw new ConnectorException(
                            "option '"
                                    + maskPasswords(pair)
                                    + "' in '"
                                    + shown
                                    + "' has an invalid percent-encoding. Write a percent sign as %25",
                            e);
                }
                if (options.put(pair.substring(0, equals), value) != null) {
                    throw new ConnectorException(
                            "duplicate option '"
                                    + pair.substring(0, equals)
                                    + "' in '"
                                    + shown
                                    + "'");
                }
            }
        }
        return new ConnectorUri(text.substring(0, colon), location, options, new LinkedHashMap<>());
    }

    /** The same URI with more properties. */
    public ConnectorUri withProperties(Map<String, String> more) {
        LinkedHashMap<String, String> merged = new LinkedHashMap<>(properties);
        merged.putAll(more);
        return new ConnectorUri(scheme, location, options, merged);
    }

    /** The same URI without an option, if it has that option. */
    public ConnectorUri without(String option) {
        LinkedHashMap<String, String> rest = new LinkedHashMap<>(options);
        rest.remove(option);
        return new ConnectorUri(scheme, location, rest, properties);
    }

    public String scheme() {
        return scheme;
    }

    public String location() {
        return location;
    }

    /** The settings outside the URI. */
    public Map<String, String> properties() {
        return Map.copyOf(properties);
    }

    /** The option's value, or null. */
    public String option(String name) {
        return options.get(name);
    }

    public String option(String name, String defaultValue) {
        return options.getOrDefault(name, defaultValue);
    }

    /**
     * An option that is {@code true} or {@code false}.
     *
     * @throws ConnectorException if it is neither
     */
    boolean flag(String name, boolean defaultValue) {
        String value = options.get(name);
        if (value == null) {
            return defaultValue;
        }
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new ConnectorException(
                            name + "=" + value + " in " + this + ": write true or false");
        };
    }

    /**
     * A whole number from {@code min} to {@code max}.
     *
     * @throws ConnectorException if the value is not a number or outside the bounds
     */
    long number(String name, long defaultValue, long min, long max) {
        String value = options.get(name);
        if (value == null) {
            return defaultValue;
        }
        if (value.matches("\\d{1,18}")) {
            long number = Long.parseLong(value);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw new ConnectorException(
                name
                        + "="
                        + value
                        + " in "
                        + this
                        + ": write a whole number from "
                        + min
                        + " to "
                        + max);
    }

    /**
     * A duration with its unit, such as {@code 10 s}; see {@link Quantities#duration}.
     *
     * @param defaultValue the value if the option is not given; may be null
     * @throws ConnectorException if the value is not a duration or outside the bounds
     */
    Duration duration(String name, Duration defaultValue, Duration min, Duration max) {
        String value = options.get(name);
        if (value == null) {
            return defaultValue;
        }
        Duration duration;
        try {
            duration = Quantities.duration(value);
        } catch (IllegalArgumentException e) {
            throw invalid(name, e);
        }
        if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            throw outOfRange(name, value, Quantities.format(min), Quantities.format(max));
        }
        return duration;
    }

    /**
     * A size in bytes, with or without a unit, such as {@code 16 mb}; see {@link Quantities#bytes}.
     *
     * @throws ConnectorException if the value is not a size or outside the bounds
     */
    long size(String name, long defaultValue, long min, long max) {
        String value = options.get(name);
        if (value == null) {
            return defaultValue;
        }
        long bytes;
        try {
            bytes = Quantities.bytes(value);
        } catch (IllegalArgumentException e) {
            throw invalid(name, e);
        }
        if (bytes < min || bytes > max) {
            throw outOfRange(name, value, Quantities.format(min), Quantities.format(max));
        }
        return bytes;
    }

    private ConnectorException invalid(String name, IllegalArgumentException reason) {
        return new ConnectorException(name + " in " + this + ": " + reason.getMessage(), reason);
    }

    private ConnectorException outOfRange(String name, String value, String min, String max) {
        return new ConnectorException(
                name
                        + "="
                        + value
                        + " in "
                        + this
                        + " is out of range. Write a value from "
                        + min
                        + " to "
                        + max);
    }

    /**
     * The constant that an option names, in upper or lower case.
     *
     * @param aliases constants by their other names
     * @throws ConnectorException with the list of constants if no constant has that name
     */
    <E extends Enum<E>> E choice(
            String name, Class<E> type, E defaultValue, Map<String, E> aliases) {
        String value = options.get(name);
        if (value == null) {
            return defaultValue;
        }
        if (aliases.containsKey(value)) {
            return aliases.get(value);
        }
        for (E constant : type.getEnumConstants()) {
            if (optionValue(constant).equalsIgnoreCase(value)) {
                return constant;
            }
        }
        throw new ConnectorException(
                name
                        + "="
                        + value
                        + " in "
                        + this
                        + ": write one of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(ConnectorUri::optionValue)
                                .toList());
    }

    /** An enum constant as the value of an option: its text in lower case. */
    static String optionValue(Enum<?> constant) {
        return constant.toString().toLowerCase(Locale.ROOT);
    }

    /** Rejects an option that is not in the list, naming the nearest in it. */
    public ConnectorUri allowOptions(List<ConnectorOption<?>> known) {
        requireKnown(
                options.keySet(),
                "option",
                toString(),
                known.stream().map(ConnectorOption::name).toList());
        return this;
    }

    /**
     * Rejects a property ({@code SCHEME.properties} of the job file) that is not among the known
     * ones, naming the nearest known. A connector without properties passes none.
     */
    public ConnectorUri allowProperties(String... known) {
        requireKnown(properties.keySet(), "property", scheme + ".properties", List.of(known));
        return this;
    }

    private static void requireKnown(
            Set<String> given, String kind, String where, List<String> known) {
        for (String name : given) {
            if (!known.contains(name)) {
                String nearest = nearest(name, known);
                throw new ConnectorException(
                        "unknown "
                                + kind
                                + " '"
                                + name
                                + "' in "
                                + where
                                + (nearest == null ? "" : "; did you mean '" + nearest + "'")
                                + (known.isEmpty()
                                        ? "; none are supported"
                                        : (nearest == null ? ". " : "? ")
                                                + "Known: "
                                                + new TreeSet<>(known)));
            }
        }
    }

    /**
     * The known word with the smallest edit distance from the given one; null if all distances are
     * larger than a third of its length and than 2.
     */
    public static String nearest(String word, Collection<String> known) {
        String best = null;
        int bestDistance = Math.max(2, word.length() / 3) + 1;
        for (String candidate : known) {
            int distance = distance(word, candidate);
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best;
    }

    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConnectorUri that
                && scheme.equals(that.scheme)
                && location.equals(that.location)
                && options.equals(that.options)
                && properties.equals(that.properties);
    }

    @Override
    public int hashCode() {
        return Objects.hash(scheme, location, options, properties);
    }

    private static String maskPasswords(String text) {
        return text.replaceAll("//[^/?#&@\\s]*:[^/?#&@\\s]*@", "//******@");
    }

    /**
     * The URI as it was written, with {@code ******} for options that look like secrets and for
     * user names with passwords.
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(scheme).append(':').append(location);
        char separator = '?';
        for (Map.Entry<String, String> option : options.entrySet()) {
            boolean secret =
                    option.getKey()
                            .toLowerCase(Locale.ROOT)
                            .matches(".*(password|secret|token|api-?key|credential|jaas).*");
            text.append(separator)
                    .append(option.getKey())
                    .append('=')
                    .append(secret ? "******" : option.getValue());
            separator = '&';
        }
        return maskPasswords(text.toString());
    }
}
