package io.github.flinksplade.app.config;

import io.github.flinksplade.app.console.UserException;
import java.util.List;
import java.util.function.Function;

/**
 * One setting of a job: a key of the configuration file and, under the same name, an option of
 * {@code run}.
 *
 * @param key its name in the file; on the command line {@code --key}
 * @param type what may stand there, for the reference page
 * @param label the value's name in help texts; null for a setting that is true or false
 * @param fallback the default as text, or null when there is none
 * @param repeated whether it takes several values
 * @param description one or two sentences
 * @param parser reads a value; throws {@link IllegalArgumentException} with what may stand there
 * @param <T> type of one value
 */
public record Setting<T>(
        String key,
        String type,
        String label,
        String fallback,
        boolean repeated,
        String description,
        Function<String, T> parser) {

    /** On the command line, a setting that is true unless told otherwise is {@code --no-key}. */
    public List<String> options() {
        if (label != null) {
            return key.equals("model-sha256")
                    ? List.of("--" + key, "--sha256")
                    : List.of("--" + key);
        }
        return List.of(isOnByDefault() ? "--no-" + key : "--" + key);
    }

    public boolean isFlag() {
        return label == null;
    }

    public boolean isOnByDefault() {
        return "true".equals(fallback);
    }

    /** Reads one value; {@code where} names the place it stands, for the message. */
    public T parse(String text, String where) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw UserException.at(where, key + " " + where + ": " + e.getMessage(), e);
        }
    }
}
