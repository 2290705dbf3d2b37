package io.github.flinksplade.app.config;

import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.flink.configuration.GlobalConfiguration;

/**
 * The settings of one job, parsed and validated: {@code settings.get(JobSettings.DEVICE)}. Each
 * constant is a key of the job file, an option of {@code run} and a row of the reference page; to
 * add a setting, declare a constant and read it where it applies.
 */
public final class JobSettings {

    /** Filled by {@link #add} in the order of declaration. */
    private static final List<Setting<?>> DECLARED = new ArrayList<>();

    public static final Setting<List<ConnectorUri>> FROM =
            add(
                    Setting.uris(
                            "from",
                            "Where documents are read from, such as file:docs.jsonl or"
                                    + " kafka://broker:9092/topic; - is standard input."));
    public static final Setting<List<ConnectorUri>> TO =
            add(
                    Setting.uris(
                            "to",
                            "Where vectors are written to, such as lucene:index or"
                                    + " file:vectors.jsonl. All documents are written to one that"
                                    + " is added later."));
    public static final Setting<ConnectorUri> DEAD_LETTERS =
            add(
                    Setting.uri(
                            "dead-letters",
                            "Where records are written that cannot be read, encoded or indexed."
                                    + " Default: dead-letters.jsonl in the state directory, or in"
                                    + " the working directory without one. Required on a"
                                    + " cluster."));
    public static final Setting<Path> STATE =
            add(
                    Setting.of(
                            "state",
                            "directory",
                            "DIR",
                            null,
                            "Directory for checkpoints. A run with the state of an earlier run"
                                    + " resumes where that one ended, however it ended. Not for"
                                    + " clusters, where Flink's configuration sets the directory.",
                            text -> Path.of(Setting.parsePath(text))));
    public static final Setting<String> NAME =
            add(
                    Setting.of(
                            "name",
                            "text",
                            "NAME",
                            "flink-splade",
                            "The name of the job. On a cluster it is part of the ids of Kafka"
                                    + " transactions: two jobs that write to the same broker need"
                                    + " different names.",
                            JobSettings::parseName));
    public static final Setting<String> MODEL =
            add(
                    Setting.path(
                            "model",
                            "model reference",
                            "MODEL",
                            "builtin:minilm",
                            "The model: builtin:minilm, a directory, hf:owner/name[@revision], or a"
                                    + " path on any Flink file system. When the model changes,"
                                    + " every document is encoded again."));
    public static final Setting<String> MODEL_SHA256 =
            add(
                    Setting.of(
                                    "model-sha256",
                                    "64 hexadecimal digits",
                                    "SHA256",
                                    null,
                                    "The required SHA-256 of the model, as 'model info' prints it;"
                                            + " any other model is rejected.",
                                    JobSettings::parseSha256)
                            .withAlias("--sha256"));
    public static final Setting<String> QUERY_MODEL =
            add(
                    Setting.path(
                            "query-model",
                            "model reference",
                            "MODEL",
                            null,
                            "The model that encodes queries, if it is not the one that encodes"
                                    + " documents; both have the same vocabulary. It is stored in"
                                    + " the indexes that are created, and 'search' uses it."));
    public static final Setting<String> MODEL_CACHE =
            add(
                    Setting.path(
                            "model-cache",
                            "directory",
                            "DIR",
                            null,
                            "Directory of downloaded and prepared models. Default:"
                                    + " $XDG_CACHE_HOME/flink-splade, or ~/.cache/flink-splade."));
    public static final Setting<Integer> DOCUMENT_TOKENS =
            add(
                    Setting.number(
                            "document-tokens",
                            0,
                            "0",
                            "Max tokens of a document, including [CLS] and [SEP]; 0: the limit in"
                                    + " the model's configuration, or 128."));
    public static final Setting<LongDocuments.Mode> LONG_DOCUMENTS =
            add(
                    Setting.of(
                            "long-documents",
                            "truncate, max or passages",
                            "MODE",
                            "truncate",
                            "What happens to a document with more tokens: truncate encodes its"
                                    + " beginning; max encodes all of it in windows, and each term"
                                    + " gets its largest weight in any of them; passages writes a"
                                    + " vector per passage, with the id ID#N.",
                            JobSettings::parseLongDocuments));
    public static final Setting<Integer> PASSAGE_TOKENS =
            add(
                    Setting.number(
                            "passage-tokens",
                            0,
                            "0",
                            "Max tokens of a window or passage, including [CLS] and [SEP]; 0: the"
                                    + " limit of documents."));
    public static final Setting<Integer> PASSAGE_OVERLAP =
            add(
                    Setting.number(
                            "passage-overlap",
                            0,
                            "0",
                            "Max tokens that a window or passage repeats of the one before."));
    public static final Setting<Pruning> PRUNE =
            add(
                    Setting.of(
                            "prune",
                            "pruning rule",
                            "RULE",
                            "none",
                            "Drops terms with small weights: none, top_k=N, abs_value=X,"
                                    + " max_ratio=X or alpha_mass=X.",
                            Pruning::parse));
    public static final Setting<Precision> PRECISION =
            add(
                    Setting.of(
                            "precision",
                            "fp32, int8 or fp16",
                            "PRECISION",
                            "fp32",
                            "Precision of the model's matrix multiplications: fp32; int8, which is"
                                    + " two to three times as fast on a CPU with VNNI and changes"
                                    + " weights by about .01; or fp16, for GPUs.",
                            Precision::parse));
    public static final Setting<Integer> THREADS =
            add(Setting.number("threads", 0, "0", "Threads that run the model; 0: one per core."));
    public static final Setting<Device> DEVICE =
            add(
                    Setting.of(
                            "device",
                            "device",
                            "DEVICE",
                            "auto",
                            "Where the model runs: cpu, cuda, cuda:N, tensorrt or tensorrt:N. auto:"
                                    + " a GPU if the build and the machine have one. Without N: the"
                                    + " GPU that Flink assigns to the task manager, else the first.",
                            Device::parse));
    public static final Setting<Integer> BATCH_TOKENS =
            add(
                    Setting.number(
                            "batch-tokens",
                            0,
                            "0",
                            "Max tokens of a batch on a GPU, including padding; 0: 16,384. Batches"
                                    + " become smaller while the GPU is short of memory."));
    public static final Setting<Long> DEVICE_MEMORY =
            add(
                    Setting.size(
                            "device-memory",
                            0,
                            "0",
                            "Max memory to use on a GPU that is shared with other processes; 0: no"
                                    + " limit."));
    public static final Setting<Duration> CHECKPOINT_INTERVAL =
            add(
                    Setting.duration(
                            "checkpoint-interval",
                            Duration.ofMillis(10),
                            "10 s",
                            "Time between checkpoints. Exactly-once sinks make their writes visible"
                                    + " at checkpoints."));
    public static final Setting<Boolean> SKIP_UNCHANGED =
            add(
                    Setting.flag(
                            "skip-unchanged",
                            true,
                            "Skips documents that are unchanged since they were last written."));
    public static final Setting<Boolean> REINDEX =
            add(
                    Setting.flag(
                            "reindex",
                            false,
                            "Reads the sources from the beginning and writes every document again,"
                                    + " also unchanged ones."));
    public static final Setting<Boolean> KEEP_VECTORS =
            add(
                    Setting.flag(
                            "keep-vectors",
                            true,
                            "Keeps the last vector of each document in the state, so that a change"
                                    + " of its other fields needs no encoding."));
    public static final Setting<Long> MAX_RECORD_SIZE =
            add(
                    Setting.size(
                            "max-record-size",
                            1,
                            "1000000",
                            "Max size of a record; a larger one becomes a dead letter."));
    public static final Setting<Long> MAX_BYTES_IN_FLIGHT =
            add(
                    Setting.size(
                            "max-bytes-in-flight",
                            1,
                            "64 mb",
                            "Max size of the records that wait for the encoder in one subtask."));
    public static final Setting<Integer> CAPACITY =
            add(
                    Setting.number(
                            "capacity",
                            1,
                            "256",
                            "Max documents that wait for the encoder in one subtask."));
    public static final Setting<Duration> STATE_TTL =
            add(
                    Setting.duration(
                            "state-ttl",
                            Duration.ZERO,
                            "0 s",
                            "How long the state of a document is kept after its last record; 0 s:"
                                    + " forever. Must exceed the time by which a source can"
                                    + " rewind."));
    public static final Setting<Boolean> ALLOW_MIXED_MODELS =
            add(
                    Setting.flag(
                            "allow-mixed-models",
                            false,
                            "Writes also to an index with vectors of another model or other"
                                    + " options. Scores of the two are not comparable."));
    public static final Setting<MaxDeadLetters> MAX_DEAD_LETTERS =
            add(
                    Setting.of(
                            "max-dead-letters",
                            "number, percentage or none",
                            "MAX",
                            "none",
                            "The job fails when it has more dead letters: a number such as 100, or"
                                    + " a percentage of the records read such as '5 %', which is"
                                    + " checked after 100 records and at the end. Restarts do not"
                                    + " reset the count.",
                            MaxDeadLetters::parse));

    /** Every setting, in the order of the reference page. */
    public static final List<Setting<?>> ALL = List.copyOf(DECLARED);

    /** The suffix of the key of a connector's own properties: {@code kafka.properties}. */
    static final String PROPERTIES = ".properties";

    /** The key of Flink's options. */
    public static final String FLINK = "flink";

    private static final Pattern SECRET =
            Pattern.compile(
                    "password|secret|token|api-?key|credential|jaas", Pattern.CASE_INSENSITIVE);

    /**
     * A value as the user gave it.
     *
     * @param where its location, for messages: {@code in job.yaml, line 3}, or {@code on the
     *     command line}
     * @param values one value, or several of a list; empty for a map
     * @param map the pairs of a map, else empty
     */
    public record Given(String where, List<String> values, Map<String, String> map) {

        public static Given of(String where, String... values) {
            return new Given(where, List.of(values), Map.of());
        }

        public static Given of(String where, Map<String, String> map) {
            return new Given(where, List.of(), map);
        }
    }

    private final Map<Setting<?>, Object> values;
    private final Set<Setting<?>> given;
    private final Map<String, Map<String, String>> connectorProperties;
    private final Map<String, String> flink;

    private JobSettings(
            Map<Setting<?>, Object> values,
            Set<Setting<?>> given,
            Map<String, Map<String, String>> connectorProperties,
            Map<String, String> flink) {
        this.values = values;
        this.given = given;
        this.connectorProperties = connectorProperties;
        this.flink = Collections.unmodifiableMap(flink);
    }

    private static <T> Setting<T> add(Setting<T> setting) {
        DECLARED.add(setting);
        return setting;
    }

    /**
     * Parses and validates settings.
     *
     * @param given the values by key; unknown keys are rejected
     * @param schemes the schemes of the connectors
     * @throws UserException when a key or a value is invalid
     */
    public static JobSettings of(Map<String, Given> given, Collection<String> schemes) {
        return of(given, schemes, Set.of());
    }

    /** Like {@link #of}, for commands that read no documents: {@link #FROM} may be missing. */
    public static JobSettings withoutSources(Map<String, Given> given, Collection<String> schemes) {
        return of(given, schemes, Set.of(FROM));
    }

    /**
     * @param optional lists that may be missing, and are empty then
     */
    private static JobSettings of(
            Map<String, Given> given, Collection<String> schemes, Set<Setting<?>> optional) {
        Map<String, Map<String, String>> properties = new TreeMap<>();
        Map<String, String> flink = new LinkedHashMap<>();
        given.forEach(
                (key, value) -> {
                    if (key.equals(FLINK)) {
                        flink.putAll(FlinkKeys.checked(requireMap(key, value), value.where()));
                    } else if (key.endsWith(PROPERTIES)) {
                        String scheme = key.substring(0, key.length() - PROPERTIES.length());
                        if (!schemes.contains(scheme)) {
                            throw unknown(key, value.where(), schemes);
                        }
                        properties.put(scheme, Map.copyOf(requireMap(key, value)));
                    } else if (ALL.stream().noneMatch(setting -> setting.key().equals(key))) {
                        throw unknown(key, value.where(), schemes);
                    } else if (!value.map().isEmpty()) {
                        throw new UserException(
                                key + " " + value.where() + " takes a value, not a map of keys");
                    }
                });
        Map<Setting<?>, Object> values = new HashMap<>();
        Set<Setting<?>> set = new HashSet<>();
        for (Setting<?> setting : ALL) {
            Given value = given.get(setting.key());
            if (value != null) {
                set.add(setting);
            }
            values.put(
                    setting,
                    value == null && optional.contains(setting)
                            ? List.of()
                            : withProperties(value(setting, value), properties));
        }
        return new JobSettings(values, set, properties, flink);
    }

    private static Object value(Setting<?> setting, Given value) {
        if (setting.isList() && (value == null || value.values().isEmpty())) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "no '"
                            + setting.key()
                            + "' is given; add "
                            + setting.options().get(0)
                            + " "
                            + setting.label()
                            + ", or '"
                            + setting.key()
                            + ":' to the file of --config",
                    null);
        }
        return value == null
                ? setting.defaultValue()
                : setting.parse(value.values(), value.where());
    }

    /** Adds the properties of its scheme to each URI. */
    private static Object withProperties(
            Object value, Map<String, Map<String, String>> properties) {
        if (value instanceof ConnectorUri uri) {
            return uri.withProperties(properties.getOrDefault(uri.scheme(), Map.of()));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(element -> withProperties(element, properties)).toList();
        }
        return value;
    }

    private static UserException unknown(String key, String where, Collection<String> schemes) {
        if (FlinkKeys.isFlinkKey(key)) {
            return new UserException(
                    "'" + key + "' " + where + " is a key of Flink: write it under 'flink:'");
        }
        TreeSet<String> known = new TreeSet<>(List.of(FLINK));
        ALL.forEach(setting -> known.add(setting.key()));
        schemes.forEach(scheme -> known.add(scheme + PROPERTIES));
        String nearest = ConnectorUri.nearest(key, known);
        return new UserException(
                "unknown key '"
                        + key
                        + "' "
                        + where
                        + (nearest == null
                                ? "; known: " + String.join(", ", known)
                                : "; did you mean '" + nearest + "'?"));
    }

    private static Map<String, String> requireMap(String key, Given value) {
        if (!value.values().isEmpty()) {
            throw new UserException(
                    key + " " + value.where() + " takes a map of keys, not a single value");
        }
        return value.map();
    }

    private static String parseName(String text) {
        if (!text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not a name; use up to 64 letters, digits, dots, dashes and"
                            + " underscores");
        }
        return text;
    }

    private static LongDocuments.Mode parseLongDocuments(String text) {
        for (LongDocuments.Mode mode : LongDocuments.Mode.values()) {
            if (mode.name().equalsIgnoreCase(text)) {
                return mode;
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is not a mode; write truncate, max or passages");
    }

    private static String parseSha256(String text) {
        if (!text.matches("[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a SHA-256; it has 64 hexadecimal digits");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    /** The value of a setting: the given one, else the default, else null. */
    @SuppressWarnings("unchecked") // of() puts a T for each Setting<T>
    public <T> T get(Setting<T> setting) {
        return (T) values.get(setting);
    }

    /** Whether the user gave a value, as opposed to the default. */
    public boolean isGiven(Setting<?> setting) {
        return given.contains(setting);
    }

    /** The options for Flink. */
    public Map<String, String> flink() {
        return flink;
    }

    /** The connectors' own properties by scheme; the URIs contain them, too. */
    Map<String, Map<String, String>> connectorProperties() {
        return connectorProperties;
    }

    private static Map<String, String> masked(Map<String, String> map) {
        Map<String, String> masked = new TreeMap<>();
        map.forEach((key, value) -> masked.put(key, isSecret(key) ? "******" : value));
        return masked;
    }

    /** Flink knows the keys of its file systems, such as {@code fs.azure.account.key}. */
    private static boolean isSecret(String key) {
        return SECRET.matcher(key).find() || GlobalConfiguration.isSensitive(key);
    }

    /** One line per setting, with secrets masked. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Setting<?> setting : ALL) {
            line(text, setting.key(), format(values.get(setting)));
        }
        connectorProperties.forEach(
                (scheme, map) -> line(text, scheme + PROPERTIES, masked(map).toString()));
        line(text, FLINK, masked(flink).toString());
        return text.toString();
    }

    private static String format(Object value) {
        if (value == null) {
            return "";
        }
        if (value instanceof Duration duration) {
            return Quantities.format(duration);
        }
        return value instanceof Enum<?> constant
                ? constant.name().toLowerCase(Locale.ROOT)
                : value.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append(": ").append(value).append('\n');
    }

    @Override
    public String toString() {
        return describe();
    }
}
