package io.github.flinksplade.app.evaluation;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Pruning;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A configuration that is evaluated.
 *
 * @param name its name in reports; null for the name of its model and settings
 * @param settings the values of {@link #SETTINGS} that were given, by key
 */
public record Variant(String name, Map<String, Given> settings) {

    /**
     * @throws UserException if a value is invalid
     */
    public Variant {
        for (Setting<?> setting : SETTINGS) {
            Given given = settings.get(setting.key());
            if (given != null) {
                setting.parse(given.values().get(0), given.where());
            }
        }
    }

    /** Max tokens of a query. */
    static final Setting<Integer> QUERY_TOKENS =
            Setting.number(
                    "query-tokens",
                    0,
                    "0",
                    "Max tokens of a query, including [CLS] and [SEP]; 0: the limit in the model's"
                            + " configuration, or 24.");

    /** The pruning of queries. */
    static final Setting<Pruning> QUERY_PRUNE =
            Setting.of(
                    "query-prune",
                    "pruning rule",
                    "RULE",
                    "none",
                    "Drops terms with small weights from queries; the rules are those of --prune.",
                    Pruning::parse);

    /** Whether queries are weighted by inverse document frequency. */
    static final Setting<Boolean> IDF =
            Setting.flag(
                    "idf",
                    false,
                    "Multiplies each query weight by the inverse document frequency of its term in"
                            + " the index.");

    /** What a variant may change that requires another index. */
    private static final List<Setting<?>> OF_DOCUMENTS =
            List.of(
                    JobSettings.DOCUMENT_TOKENS,
                    JobSettings.PRUNE,
                    JobSettings.LONG_DOCUMENTS,
                    JobSettings.PASSAGE_TOKENS,
                    JobSettings.PASSAGE_OVERLAP);

    /** Settings of jobs that also apply to queries, or to queries only. */
    private static final List<Setting<?>> OF_QUERIES =
            List.of(
                    JobSettings.MODEL,
                    JobSettings.PRECISION,
                    JobSettings.QUERY_MODEL,
                    QUERY_TOKENS,
                    QUERY_PRUNE,
                    IDF);

    /** Where and how the model runs: the same for all variants. */
    private static final List<Setting<?>> OF_THE_MACHINE =
            List.of(
                    JobSettings.MODEL_SHA256,
                    JobSettings.MODEL_CACHE,
                    JobSettings.THREADS,
                    JobSettings.DEVICE,
                    JobSettings.BATCH_TOKENS,
                    JobSettings.DEVICE_MEMORY);

    /** All of them, in the order of the help. */
    public static final List<Setting<?>> SETTINGS =
            Stream.of(OF_QUERIES, OF_DOCUMENTS, OF_THE_MACHINE).flatMap(List::stream).toList();

    /** Those that distinguish one variant from another. */
    private static final List<Setting<?>> VARYING =
            Stream.of(OF_QUERIES, OF_DOCUMENTS).flatMap(List::stream).toList();

    /**
     * Parses {@code KEY=VALUE,...} or {@code NAME:KEY=VALUE,...}: a variant of this one with other
     * settings.
     *
     * @throws UserException if a key is unknown or has no value
     */
    public Variant with(String text) {
        int equals = text.indexOf('=');
        int colon = text.indexOf(':');
        boolean hasName = colon >= 0 && colon < equals;
        String rest = hasName ? text.substring(colon + 1) : text;
        Map<String, Given> changed = new LinkedHashMap<>(settings);
        for (String pair : rest.split(",", -1)) {
            int at = pair.indexOf('=');
            String key = at < 0 ? pair : pair.substring(0, at);
            List<String> known = VARYING.stream().map(Setting::key).toList();
            if (!known.contains(key)) {
                String nearest = ConnectorUri.nearest(key, known);
                throw invalid(
                        "unknown key '"
                                + key
                                + "' in --variant "
                                + text
                                + (nearest == null
                                        ? "; known: " + String.join(", ", known)
                                        : "; did you mean '" + nearest + "'?"));
            }
            if (at < 0) {
                throw invalid(
                        "no value for '" + key + "' in --variant " + text + ". Write KEY=VALUE");
            }
            changed.put(key, Given.of(UserException.COMMAND_LINE, pair.substring(at + 1)));
        }
        return new Variant(hasName ? text.substring(0, colon) : text, changed);
    }

    private static UserException invalid(String message) {
        return UserException.at(UserException.COMMAND_LINE, message, null);
    }

    /** The keys that were given and have no effect on an existing index. */
    public List<String> keysOfDocuments() {
        return OF_DOCUMENTS.stream().map(Setting::key).filter(settings::containsKey).toList();
    }

    /** The value of a setting. */
    <T> T get(Setting<T> setting) {
        Given given = settings.get(setting.key());
        return given == null
                ? setting.parse(setting.defaultText(), UserException.COMMAND_LINE)
                : setting.parse(given.values().get(0), given.where());
    }

    /** The name in reports. */
    String label(String model) {
        if (name != null) {
            return name;
        }
        StringBuilder label = new StringBuilder(model);
        for (Setting<?> setting : VARYING) {
            Given given = settings.get(setting.key());
            if (given != null && setting != JobSettings.MODEL) {
                label.append(' ').append(setting.key()).append('=').append(given.values().get(0));
            }
        }
        return label.toString();
    }

    /** The settings of a job that encodes the documents, without its source and sink. */
    Map<String, Given> jobSettings() {
        Map<String, Given> job = new LinkedHashMap<>(settings);
        // queries are encoded without the job
        List.of(JobSettings.QUERY_MODEL, QUERY_TOKENS, QUERY_PRUNE, IDF)
                .forEach(setting -> job.remove(setting.key()));
        return job;
    }

    /** The options of the encoder of queries. */
    EncoderOptions queryOptions() {
        return EncoderOptions.builder()
                .sha256(text(JobSettings.MODEL_SHA256))
                .queryModel(text(JobSettings.QUERY_MODEL))
                .cacheDirectory(text(JobSettings.MODEL_CACHE))
                .precision(get(JobSettings.PRECISION))
                .threads(get(JobSettings.THREADS))
                .device(get(JobSettings.DEVICE))
                .queryTokens(get(QUERY_TOKENS))
                .queryPruning(get(QUERY_PRUNE))
                .build();
    }

    private String text(Setting<String> setting) {
        return settings.containsKey(setting.key()) ? get(setting) : null;
    }
}
