package io.github.flinksplade.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.environment.HomeDirectory;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class JobSettingsTest {

    private static final Set<String> SCHEMES = Set.of("file", "kafka", "lucene");

    private static JobSettings settings(String... keysAndValues) {
        Map<String, Given> given = new LinkedHashMap<>();
        given.put("from", Given.of("in the test", "file:docs.jsonl"));
        given.put("to", Given.of("in the test", "lucene:idx"));
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.put(keysAndValues[i], Given.of("in the test", keysAndValues[i + 1]));
        }
        return JobSettings.of(given, SCHEMES);
    }

    /** Setting, default value, a value as text, and its parsed value. */
    static Stream<Arguments> rows() {
        return Stream.of(
                row(JobSettings.DEAD_LETTERS, null, "file:d", ConnectorUri.parse("file:d")),
                row(JobSettings.STATE, null, "s", Path.of("s")),
                row(JobSettings.NAME, "flink-splade", "mine", "mine"),
                row(JobSettings.MODEL, "builtin:minilm", "dir", "dir"),
                row(JobSettings.MODEL_SHA256, null, "A".repeat(64), "a".repeat(64)),
                row(JobSettings.QUERY_MODEL, null, "dir", "dir"),
                row(JobSettings.MODEL_CACHE, null, "c", "c"),
                row(JobSettings.DOCUMENT_TOKENS, 0, "256", 256),
                row(JobSettings.LONG_DOCUMENTS, Mode.TRUNCATE, "Passages", Mode.PASSAGES),
                row(JobSettings.PASSAGE_TOKENS, 0, "64", 64),
                row(JobSettings.PASSAGE_OVERLAP, 0, "16", 16),
                row(JobSettings.PRUNE, Pruning.NONE, "top_k=9", new Pruning(Pruning.Type.TOP_K, 9)),
                row(JobSettings.PRECISION, Precision.FP32, "int8", Precision.INT8),
                row(JobSettings.THREADS, 0, "3", 3),
                row(JobSettings.DEVICE, Device.AUTO, "cuda:1", new Device(Device.Kind.CUDA, 1)),
                row(JobSettings.BATCH_TOKENS, 0, "4096", 4096),
                row(JobSettings.DEVICE_MEMORY, 0L, "2 gb", 2L << 30),
                row(
                        JobSettings.CHECKPOINT_INTERVAL,
                        Duration.ofSeconds(10),
                        "1 min",
                        Duration.ofMinutes(1)),
                row(JobSettings.SKIP_UNCHANGED, true, "false", false),
                row(JobSettings.REINDEX, false, "true", true),
                row(JobSettings.KEEP_VECTORS, true, "false", false),
                row(JobSettings.MAX_RECORD_SIZE, 1_000_000L, "2 kb", 2048L),
                row(JobSettings.MAX_BYTES_IN_FLIGHT, 64L << 20, "1 gb", 1L << 30),
                row(JobSettings.CAPACITY, 256, "17", 17),
                row(JobSettings.STATE_TTL, Duration.ZERO, "30d", Duration.ofDays(30)),
                row(JobSettings.ALLOW_MIXED_MODELS, false, "true", true),
                row(
                        JobSettings.MAX_DEAD_LETTERS,
                        MaxDeadLetters.NONE,
                        "5 %",
                        new MaxDeadLetters(Long.MAX_VALUE, 5)));
    }

    private static <T> Arguments row(Setting<T> setting, T defaultValue, String text, T value) {
        return Arguments.of(setting.key(), setting, defaultValue, text, value);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    <T> void parsesEverySettingAndItsDefault(
            String key, Setting<T> setting, T defaultValue, String text, T value) {
        JobSettings defaults = settings();
        assertThat(defaults.get(setting)).isEqualTo(defaultValue);
        assertThat(defaults.isGiven(setting)).isFalse();
        JobSettings given = settings(key, text);
        assertThat(given.get(setting)).isEqualTo(value);
        assertThat(given.isGiven(setting)).isTrue();
    }

    @Test
    void testsEverySetting() {
        List<String> tested = rows().map(row -> (String) row.get()[0]).toList();
        assertThat(JobSettings.ALL.stream().map(Setting::key))
                .containsExactlyElementsOf(
                        Stream.concat(Stream.of("from", "to"), tested.stream()).toList());
    }

    @Test
    void readsSeveralSourcesAndSinks() {
        JobSettings settings =
                JobSettings.of(
                        Map.of(
                                "from",
                                new Given("here", List.of("file:a", "file:b"), Map.of()),
                                "to",
                                new Given("here", List.of("lucene:c", "file:d"), Map.of())),
                        SCHEMES);
        assertThat(settings.get(JobSettings.FROM))
                .containsExactly(ConnectorUri.parse("file:a"), ConnectorUri.parse("file:b"));
        assertThat(settings.get(JobSettings.TO))
                .containsExactly(ConnectorUri.parse("lucene:c"), ConnectorUri.parse("file:d"));
    }

    @Test
    void addsPropertiesToEveryUriOfTheirScheme() {
        Map<String, Given> given = new LinkedHashMap<>();
        given.put("from", Given.of("here", "kafka://b:1/in"));
        given.put("to", new Given("here", List.of("kafka://b:1/out", "lucene:i"), Map.of()));
        given.put("dead-letters", Given.of("here", "kafka://b:1/dead"));
        given.put("kafka.properties", Given.of("here", Map.of("sasl.jaas.config", "hush")));
        JobSettings settings = JobSettings.of(given, SCHEMES);
        assertThat(settings.get(JobSettings.FROM).get(0).properties())
                .containsEntry("sasl.jaas.config", "hush");
        assertThat(settings.get(JobSettings.TO).get(0).properties())
                .containsEntry("sasl.jaas.config", "hush");
        assertThat(settings.get(JobSettings.TO).get(1).properties()).isEmpty();
        assertThat(settings.get(JobSettings.DEAD_LETTERS).properties())
                .containsEntry("sasl.jaas.config", "hush");
        assertThat(settings.toString()).contains("sasl.jaas.config=******").doesNotContain("hush");
    }

    @Test
    void masksSecrets() {
        Map<String, Given> given = new LinkedHashMap<>();
        given.put("from", Given.of("here", "file:a?password=hush"));
        given.put("to", Given.of("here", "lucene:i"));
        given.put(
                "flink",
                Given.of(
                        "here",
                        Map.of(
                                "s3.secret-key",
                                "hush",
                                "fs.azure.account.key.a.blob.core.windows.net",
                                "hush",
                                "s3.access-key",
                                "public")));
        given.put("kafka.properties", Given.of("here", Map.of("ssl.key.password", "hush")));
        assertThat(JobSettings.of(given, SCHEMES).describe())
                .doesNotContain("hush")
                .contains("s3.secret-key=******", "password=******");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    capacity            | 0        | 'capacity in the test: ''0'' is not a whole number of at least 1'
                    capacity            | many     | 'capacity in the test: ''many'' is not a whole number of at least 1'
                    precision           | int4     | 'precision in the test: unknown precision ''int4''; write fp32, int8 or fp16'
                    threads             | -1       | 'threads in the test: ''-1'' is not a whole number of at least 0'
                    device              | gpu      | 'device in the test: unknown device ''gpu''; write auto, cpu, cuda, cuda:N, tensorrt or tensorrt:N'
                    device-memory       | much     | 'device-memory in the test: ''much'' is not a size. Write bytes, or a number and a unit, such as 16 mb'
                    skip-unchanged                | yes      | 'skip-unchanged in the test: ''yes'' is neither true nor false'
                    checkpoint-interval | soon     | 'checkpoint-interval in the test: ''soon'' is not a duration. Write a number and a unit, such as 10 s, 500 ms or 5 min'
                    checkpoint-interval | 10       | 'checkpoint-interval in the test: ''10'' is not a duration. Write a number and a unit, such as 10 s, 500 ms or 5 min'
                    checkpoint-interval | 1 ms     | 'checkpoint-interval in the test: ''1 ms'' is out of range: from 10 ms to 36500 d'
                    max-record-size     | 1 parsec | 'max-record-size in the test: ''1 parsec'' is not a size. Write bytes, or a number and a unit, such as 16 mb'
                    max-record-size     | 0        | 'max-record-size in the test: ''0'' is not a size of at least 1 byte'
                    model-sha256        | abc      | 'model-sha256 in the test: ''abc'' is not a SHA-256; it has 64 hexadecimal digits'
                    prune               | topk=1   | 'prune in the test: unknown pruning ''topk=1''; write none, top_k=N, abs_value=X, max_ratio=X or alpha_mass=X'
                    name                | a b      | 'name in the test: ''a b'' is not a name; use up to 64 letters, digits, dots, dashes and underscores'
                    dead-letters        | nowhere  | 'dead-letters in the test: ''nowhere'' is not a URI. Write scheme:location, such as file:docs.jsonl or kafka://broker:9092/topic'
                    capactiy            | 1        | 'unknown key ''capactiy'' in the test; did you mean ''capacity''?'
                    kafak.properties    | 1        | 'unknown key ''kafak.properties'' in the test; did you mean ''kafka.properties''?'
                    parallelism.default | 2        | '''parallelism.default'' in the test is a key of Flink: write it under ''flink:'''
                    state.backend.type  | hashmap  | '''state.backend.type'' in the test is a key of Flink: write it under ''flink:'''
                    flink               | 1        | 'flink in the test takes a map of keys, not a single value'
                    """)
    void reportsMistakes(String key, String value, String message) {
        assertThatThrownBy(() -> settings(key, value))
                .isInstanceOf(UserException.class)
                .hasMessage(message);
    }

    @Test
    void requiresSourcesAndSinks() {
        assertThatThrownBy(
                        () -> JobSettings.of(Map.of("from", Given.of("here", "file:a")), SCHEMES))
                .hasMessage("no 'to' is given; add --to URI, or 'to:' to the file of --config");
    }

    @Test
    void rejectsDuplicateSinks() {
        assertThatThrownBy(
                        () ->
                                JobSettings.of(
                                        Map.of(
                                                "from",
                                                Given.of("here", "file:a"),
                                                "to",
                                                new Given(
                                                        "here",
                                                        List.of("file:b", "file:b"),
                                                        Map.of())),
                                        SCHEMES))
                .hasMessage("to here: file:b is a duplicate");
    }

    @ParameterizedTest
    @CsvSource({
        "execution.checkpointing.timeuot, execution.checkpointing.timeout",
        "execution.checkpoint.timeout, execution.checkpointing.timeout",
        "paralellism.default, parallelism.default"
    })
    void rejectsTyposOfFlinkKeys(String key, String meant) {
        Map<String, Given> given = new LinkedHashMap<>();
        given.put("from", Given.of("here", "file:a"));
        given.put("to", Given.of("here", "lucene:i"));
        given.put("flink", Given.of("here", Map.of(key, "1")));
        assertThatThrownBy(() -> JobSettings.of(given, SCHEMES))
                .hasMessage("unknown Flink key '" + key + "' here; did you mean '" + meant + "'?");
    }

    @Test
    void acceptsFlinkKeysOfPlugins() {
        Map<String, Given> given = new LinkedHashMap<>();
        given.put("from", Given.of("here", "file:a"));
        given.put("to", Given.of("here", "lucene:i"));
        Map<String, String> keys =
                Map.of(
                        "metrics.reporter.prom.factory.class", "x",
                        "s3.endpoint", "y",
                        "parallelism.default", "2");
        given.put("flink", Given.of("here", keys));
        assertThat(JobSettings.of(given, SCHEMES).flink()).isEqualTo(keys);
    }

    @Test
    void expandsALeadingTildeInPaths() {
        JobSettings settings =
                JobSettings.of(
                        Map.of(
                                "from", Given.of("in the test", "file:docs.jsonl"),
                                "to", Given.of("in the test", "lucene:idx"),
                                "state", Given.of("in the test", "~/state"),
                                "model", Given.of("in the test", "~/model"),
                                "model-cache", Given.of("in the test", "~/cache")),
                        Set.of("file", "lucene"));
        assertThat(settings.get(JobSettings.STATE))
                .isEqualTo(HomeDirectory.of(System.getenv()).resolve("state"));
        assertThat(settings.get(JobSettings.MODEL))
                .isEqualTo(HomeDirectory.of(System.getenv()).resolve("model").toString());
        assertThat(settings.get(JobSettings.MODEL_CACHE))
                .isEqualTo(HomeDirectory.of(System.getenv()).resolve("cache").toString());
    }
}
