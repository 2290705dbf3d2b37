package io.github.flinksplade.app;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.environment.HomeDirectory;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The settings of one job, read and checked. {@link #ALL} is the one table that the command line,
 * the configuration file and its reference page are made from.
 *
 * @param connectorProperties by scheme: what the connectors of that scheme are given beside their
 *     address
 * @param flink keys of Flink's own configuration
 */
record JobSettings(
        List<ConnectorUri> from,
        List<ConnectorUri> to,
        ConnectorUri deadLetters,
        Path state,
        String name,
        String model,
        String modelSha256,
        String modelCache,
        int documentTokens,
        Pruning prune,
        Precision precision,
        int threads,
        Device device,
        int batchTokens,
        long deviceMemory,
        Duration checkpointInterval,
        boolean skipUnchanged,
        boolean reindex,
        boolean keepVectors,
        long maxRecordSize,
        long maxBytesInFlight,
        int capacity,
        Duration stateTtl,
        boolean allowMixedModels,
        MaxDeadLetters maxDeadLetters,
        Map<String, Map<String, String>> connectorProperties,
        Map<String, String> flink) {

    static final Setting<ConnectorUri> FROM =
            new Setting<>(
                    "from",
                    "address, or a list of them",
                    "URI",
                    null,
                    true,
                    "Where documents come from, such as file:docs.jsonl or"
                            + " kafka://broker:9092/topic.",
                    JobSettings::uri);
    static final Setting<ConnectorUri> TO =
            new Setting<>(
                    "to",
                    "address, or a list of them",
                    "URI",
                    null,
                    true,
                    "Where vectors go to, such as lucene:index or file:vectors.jsonl. A target added"
                            + " later gets the whole corpus.",
                    JobSettings::uri);
    static final Setting<ConnectorUri> DEAD_LETTERS =
            new Setting<>(
                    "dead-letters",
                    "address",
                    "URI",
                    null,
                    false,
                    "Where records go that cannot be read, encoded or written. Without it:"
                            + " dead-letters.jsonl in the state directory, or in the working"
                            + " directory when there is none; on a cluster it must be given.",
                    JobSettings::uri);
    static final Setting<Path> STATE =
            new Setting<>(
                    "state",
                    "directory",
                    "DIR",
                    null,
                    false,
                    "Directory for checkpoints: a run started again with the same one goes on where"
                            + " the last one ended, however it ended. Not used on a cluster, where"
                            + " Flink's own configuration says it.",
                    text -> Path.of(HomeDirectory.expand(text, System.getenv())));
    static final Setting<String> NAME =
            new Setting<>(
                    "name",
                    "text",
                    "NAME",
                    "flink-splade",
                    false,
                    "The job's name. On a cluster it is part of the names of Kafka transactions: two"
                            + " jobs that write to one broker need two names.",
                    JobSettings::name);
    static final Setting<String> MODEL =
            new Setting<>(
                    "model",
                    "model reference",
                    "MODEL",
                    "builtin:minilm",
                    false,
                    "The model: builtin:minilm, a directory, hf:owner/name[@revision], or a path of"
                            + " any Flink file system. A job with another model encodes everything"
                            + " anew.",
                    JobSettings::path);
    static final Setting<String> MODEL_SHA256 =
            new Setting<>(
                    "model-sha256",
                    "64 hexadecimal digits",
                    "SHA256",
                    null,
                    false,
                    "The SHA-256 that the model must have, as 'model info' prints it; another one is"
                            + " refused.",
                    JobSettings::sha256);
    static final Setting<String> MODEL_CACHE =
            new Setting<>(
                    "model-cache",
                    "directory",
                    "DIR",
                    null,
                    false,
                    "Where fetched and prepared models are kept. Without it:"
                            + " $XDG_CACHE_HOME/flink-splade, or ~/.cache/flink-splade.",
                    JobSettings::path);
    static final Setting<Integer> DOCUMENT_TOKENS =
            new Setting<>(
                    "document-tokens",
                    "whole number",
                    "N",
                    "0",
                    false,
                    "Tokens of a document that are read, [CLS] and [SEP] counted; 0: as many as the"
                            + " model's maker sets, or 128.",
                    text -> number(text, 0));
    static final Setting<Pruning> PRUNE =
            new Setting<>(
                    "prune",
                    "pruning rule",
                    "RULE",
                    "none",
                    false,
                    "Leaves out terms of little weight: none, top_k=N, abs_value=X, max_ratio=X or"
                            + " alpha_mass=X.",
                    Pruning::parse);
    static final Setting<Precision> PRECISION =
            new Setting<>(
                    "precision",
                    "fp32, int8 or fp16",
                    "PRECISION",
                    "fp32",
                    false,
                    "Arithmetic of the model's matrix products: fp32; int8, which is two to three"
                            + " times as fast on a CPU and changes weights by some hundredths; or"
                            + " fp16, for GPUs.",
                    Precision::parse);
    static final Setting<Integer> THREADS =
            new Setting<>(
                    "threads",
                    "whole number",
                    "N",
                    "0",
                    false,
                    "Threads that run the model; 0: one for each core.",
                    text -> number(text, 0));
    static final Setting<Device> DEVICE =
            new Setting<>(
                    "device",
                    "device",
                    "DEVICE",
                    "auto",
                    false,
                    "Where the model runs: cpu, cuda, cuda:N, tensorrt or tensorrt:N. auto: a GPU"
                            + " where the build and the machine have one. Without a number: the GPU"
                            + " that Flink gives to the task manager, else the first.",
                    Device::parse);
    static final Setting<Integer> BATCH_TOKENS =
            new Setting<>(
                    "batch-tokens",
                    "whole number",
                    "N",
                    "0",
                    false,
                    "Tokens of a batch on a GPU, padding included; 0: 16,384. It shrinks by itself"
                            + " while the GPU's memory is short.",
                    text -> number(text, 0));
    static final Setting<Long> DEVICE_MEMORY =
            new Setting<>(
                    "device-memory",
                    "size",
                    "SIZE",
                    "0",
                    false,
                    "How much of a GPU's memory may be taken, where others use it too; 0: as much as"
                            + " there is.",
                    text -> text.strip().equals("0") ? 0 : size(text));
    static final Setting<Duration> CHECKPOINT_INTERVAL =
            new Setting<>(
                    "checkpoint-interval",
                    "duration",
                    "TIME",
                    "10 s",
                    false,
                    "Time between checkpoints. What is written becomes visible with them where the"
                            + " target is exactly-once.",
                    text -> duration(text, Duration.ofMillis(10)));
    static final Setting<Boolean> SKIP_UNCHANGED =
            new Setting<>(
                    "skip-unchanged",
                    "true or false",
                    null,
                    "true",
                    false,
                    "Skips documents that have not changed since they were last written.",
                    JobSettings::flag);
    static final Setting<Boolean> REINDEX =
            new Setting<>(
                    "reindex",
                    "true or false",
                    null,
                    "false",
                    false,
                    "Reads the sources from their beginning and sends everything again, unchanged"
                            + " documents too.",
                    JobSettings::flag);
    static final Setting<Boolean> KEEP_VECTORS =
            new Setting<>(
                    "keep-vectors",
                    "true or false",
                    null,
                    "true",
                    false,
                    "Keeps the last vector of each document in the state, so that a change of its"
                            + " other fields needs no encoding.",
                    JobSettings::flag);
    static final Setting<Long> MAX_RECORD_SIZE =
            new Setting<>(
                    "max-record-size",
                    "size",
                    "SIZE",
                    "1000000",
                    false,
                    "A record larger than this becomes a dead letter.",
                    JobSettings::size);
    static final Setting<Long> MAX_BYTES_IN_FLIGHT =
            new Setting<>(
                    "max-bytes-in-flight",
                    "size",
                    "SIZE",
                    "64 mb",
                    false,
                    "Bytes of records that may wait for the encoder in one subtask.",
                    JobSettings::size);
    static final Setting<Integer> CAPACITY =
            new Setting<>(
                    "capacity",
                    "whole number",
                    "N",
                    "256",
                    false,
                    "Documents that may wait for the encoder in one subtask.",
                    text -> number(text, 1));
    static final Setting<Duration> STATE_TTL =
            new Setting<>(
                    "state-ttl",
                    "duration",
                    "TIME",
                    "0 s",
                    false,
                    "How long a document that is not seen again is remembered; 0 s: forever. Longer"
                            + " than a source can reach back.",
                    text -> duration(text, Duration.ZERO));

    static final Setting<Boolean> ALLOW_MIXED_MODELS =
            new Setting<>(
                    "allow-mixed-models",
                    "true or false",
                    null,
                    "false",
                    false,
                    "Writes to targets that hold vectors of another model or of other settings."
                            + " Scores of the two do not compare.",
                    JobSettings::flag);

    static final Setting<MaxDeadLetters> MAX_DEAD_LETTERS =
            new Setting<>(
                    "max-dead-letters",
                    "number, percentage or none",
                    "MAX",
                    "none",
                    false,
                    "Fails the job that has more dead letters: a number such as 100, or a percentage"
                            + " of the records read such as '5 %', which is checked after 100"
                            + " records and at the end. Counted over restarts.",
                    MaxDeadLetters::parse);

    /** Every setting, in the order of the reference page. */
    static final List<Setting<?>> ALL =
            List.of(
                    FROM,
                    TO,
                    DEAD_LETTERS,
                    STATE,
                    NAME,
                    MODEL,
                    MODEL_SHA256,
                    MODEL_CACHE,
                    DOCUMENT_TOKENS,
                    PRUNE,
                    PRECISION,
                    THREADS,
                    DEVICE,
                    BATCH_TOKENS,
                    DEVICE_MEMORY,
                    CHECKPOINT_INTERVAL,
                    SKIP_UNCHANGED,
                    REINDEX,
                    KEEP_VECTORS,
                    MAX_RECORD_SIZE,
                    MAX_BYTES_IN_FLIGHT,
                    CAPACITY,
                    STATE_TTL,
                    ALLOW_MIXED_MODELS,
                    MAX_DEAD_LETTERS);

    /** Ends the keys of a connector's own properties: {@code kafka.properties}. */
    static final String PROPERTIES = ".properties";

    static final String FLINK = "flink";

    private static final Pattern SECRET =
            Pattern.compile(
                    "password|secret|token|api-?key|credential|jaas", Pattern.CASE_INSENSITIVE);

    /**
     * A value as it was given.
     *
     * @param where the place, for messages: {@code in job.yaml, line 3}, or {@code on the command
     *     line}
     * @param values one, or several of a setting that is repeated; empty for a map
     * @param map the pairs of a map, else empty
     */
    record Given(String where, List<String> values, Map<String, String> map) {

        static Given of(String where, String... values) {
            return new Given(where, List.of(values), Map.of());
        }

        static Given of(String where, Map<String, String> map) {
            return new Given(where, List.of(), map);
        }
    }

    /**
     * Reads settings.
     *
     * @param given by key; keys that are none of ours are refused
     * @param schemes the connectors there are
     * @throws UserException when something is wrong with them
     */
    static JobSettings of(Map<String, Given> given, java.util.Collection<String> schemes) {
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
        return new JobSettings(
                withProperties(distinct(FROM, list(FROM, given)), properties),
                withProperties(distinct(TO, list(TO, given)), properties),
                withProperties(one(DEAD_LETTERS, given), properties),
                one(STATE, given),
                one(NAME, given),
                one(MODEL, given),
                one(MODEL_SHA256, given),
                one(MODEL_CACHE, given),
                one(DOCUMENT_TOKENS, given),
                one(PRUNE, given),
                one(PRECISION, given),
                one(THREADS, given),
                one(DEVICE, given),
                one(BATCH_TOKENS, given),
                one(DEVICE_MEMORY, given),
                one(CHECKPOINT_INTERVAL, given),
                one(SKIP_UNCHANGED, given),
                one(REINDEX, given),
                one(KEEP_VECTORS, given),
                one(MAX_RECORD_SIZE, given),
                one(MAX_BYTES_IN_FLIGHT, given),
                one(CAPACITY, given),
                one(STATE_TTL, given),
                one(ALLOW_MIXED_MODELS, given),
                one(MAX_DEAD_LETTERS, given),
                properties,
                flink);
    }

    private static UserException unknown(
            String key, String where, java.util.Collection<String> schemes) {
        if (FlinkKeys.looksLikeOne(key)) {
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

    private static <T> T one(Setting<T> setting, Map<String, Given> given) {
        Given value = given.get(setting.key());
        if (value == null) {
            return setting.fallback() == null ? null : setting.parse(setting.fallback(), "");
        }
        if (value.values().size() != 1) {
            throw new UserException(
                    setting.key()
                            + " "
                            + value.where()
                            + " takes one value, not "
                            + value.values().size());
        }
        return setting.parse(value.values().get(0), value.where());
    }

    private static <T> List<T> list(Setting<T> setting, Map<String, Given> given) {
        Given value = given.get(setting.key());
        if (value == null || value.values().isEmpty()) {
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
        List<T> values = new ArrayList<>();
        value.values().forEach(text -> values.add(setting.parse(text, value.where())));
        return values;
    }

    private static List<ConnectorUri> distinct(
            Setting<ConnectorUri> setting, List<ConnectorUri> uris) {
        LinkedHashSet<ConnectorUri> seen = new LinkedHashSet<>();
        for (ConnectorUri uri : uris) {
            if (!seen.add(uri)) {
                throw new UserException(setting.key() + " names " + uri + " twice");
            }
        }
        return List.copyOf(uris);
    }

    private static List<ConnectorUri> withProperties(
            List<ConnectorUri> uris, Map<String, Map<String, String>> properties) {
        return uris.stream().map(uri -> withProperties(uri, properties)).toList();
    }

    private static ConnectorUri withProperties(
            ConnectorUri uri, Map<String, Map<String, String>> properties) {
        return uri == null
                ? null
                : uri.withProperties(properties.getOrDefault(uri.scheme(), Map.of()));
    }

    private static ConnectorUri uri(String text) {
        try {
            return ConnectorUri.parse(text);
        } catch (ConnectorException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static String text(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("it is empty");
        }
        return text;
    }

    /** A path, or a reference that may be one. */
    private static String path(String text) {
        return HomeDirectory.expand(text(text), System.getenv());
    }

    private static String name(String text) {
        if (!text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is not a name; use up to 64 letters, digits, dots, dashes and"
                            + " underscores");
        }
        return text;
    }

    private static String sha256(String text) {
        if (!text.matches("[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a SHA-256; it has 64 hexadecimal digits");
        }
        return text.toLowerCase(Locale.ROOT);
    }

    private static int number(String text, int least) {
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < least) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a whole number of at least " + least);
        }
        return Integer.parseInt(text);
    }

    private static boolean flag(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default ->
                    throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
    }

    private static long size(String text) {
        long bytes = Quantities.bytes(text);
        if (bytes < 1) {
            throw new IllegalArgumentException("'" + text + "' is not a size of at least 1 byte");
        }
        return bytes;
    }

    private static Duration duration(String text, Duration min) {
        Duration duration = Quantities.duration(text);
        if (duration.compareTo(min) < 0 || duration.toDays() > 36_500) {
            throw new IllegalArgumentException(
                    "'"
                            + text
                            + "' is out of range: from "
                            + Quantities.format(min)
                            + " to 36500 d");
        }
        return duration;
    }

    /** The value as it may be printed: {@code ******} where the key says that it is a secret. */
    static String masked(String key, String value) {
        return SECRET.matcher(key).find() ? "******" : value;
    }

    private static Map<String, String> masked(Map<String, String> map) {
        Map<String, String> masked = new TreeMap<>();
        map.forEach((key, value) -> masked.put(key, masked(key, value)));
        return masked;
    }

    /** Every setting in one line each, secrets masked. */
    String describe() {
        StringBuilder text = new StringBuilder();
        line(text, FROM, from);
        line(text, TO, to);
        line(text, DEAD_LETTERS, deadLetters);
        line(text, STATE, state);
        line(text, NAME, name);
        line(text, MODEL, model);
        line(text, MODEL_SHA256, modelSha256);
        line(text, MODEL_CACHE, modelCache);
        line(text, DOCUMENT_TOKENS, documentTokens);
        line(text, PRUNE, prune);
        line(text, PRECISION, precision.name().toLowerCase(Locale.ROOT));
        line(text, THREADS, threads);
        line(text, DEVICE, device);
        line(text, BATCH_TOKENS, batchTokens);
        line(text, DEVICE_MEMORY, deviceMemory);
        line(text, CHECKPOINT_INTERVAL, checkpointInterval.toMillis() + " ms");
        line(text, SKIP_UNCHANGED, skipUnchanged);
        line(text, REINDEX, reindex);
        line(text, KEEP_VECTORS, keepVectors);
        line(text, MAX_RECORD_SIZE, maxRecordSize);
        line(text, MAX_BYTES_IN_FLIGHT, maxBytesInFlight);
        line(text, CAPACITY, capacity);
        line(text, STATE_TTL, stateTtl.toMillis() + " ms");
        line(text, ALLOW_MIXED_MODELS, allowMixedModels);
        line(text, MAX_DEAD_LETTERS, maxDeadLetters);
        connectorProperties.forEach(
                (scheme, map) ->
                        text.append(scheme)
                                .append(PROPERTIES + ": ")
                                .append(masked(map))
                                .append('\n'));
        text.append("flink: ").append(masked(flink)).append('\n');
        return text.toString();
    }

    private static void line(StringBuilder text, Setting<?> setting, Object value) {
        text.append(setting.key()).append(": ").append(value == null ? "" : value).append('\n');
    }

    @Override
    public String toString() {
        return describe();
    }
}
