package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.kubernetes.configuration.KubernetesConfigOptions;
import org.apache.flink.metrics.prometheus.PrometheusReporterFactory;
import org.apache.flink.state.rocksdb.RocksDBOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The keys of Flink's configuration in the manifests: Flink and the operator silently ignore keys
 * that they do not know.
 */
class ConfigurationKeysTest {

    /** Those of the operator, which is not a dependency. With {@code -Dcrds} they are compared. */
    private static final List<String> OPERATOR =
            List.of(
                    "job.autoscaler.enabled",
                    "job.autoscaler.metrics.window",
                    "job.autoscaler.restart.time",
                    "job.autoscaler.scale-down.max-factor",
                    "job.autoscaler.stabilization.interval",
                    "job.autoscaler.utilization.target",
                    "job.autoscaler.vertex.max-parallelism",
                    "kubernetes.operator.periodic.savepoint.interval",
                    "kubernetes.operator.pod-template.merge-arrays-by-name",
                    "kubernetes.operator.savepoint.dispose-on-delete",
                    "kubernetes.operator.savepoint.format.type",
                    "kubernetes.operator.savepoint.history.max.age",
                    "kubernetes.operator.savepoint.history.max.count");

    /** Those whose names contain a name from the configuration, with their values. */
    private static final Map<String, String> NAMED =
            Map.of(
                    "metrics.reporter.prom.factory.class",
                    PrometheusReporterFactory.class.getName(),
                    "metrics.reporter.prom.port",
                    "9249",
                    "metrics.reporter.prom.filterLabelValueCharacters",
                    "false",
                    "metrics.reporter.prom.scope.variables.excludes",
                    "task_id;task_attempt_id;task_attempt_num;operator_id;tm_id",
                    "external-resource.gpu.amount",
                    "1",
                    "external-resource.gpu.driver-factory.class",
                    // in plugins/external-resource-gpu of Flink's distribution, not on Maven
                    // Central
                    "org.apache.flink.externalresource.gpu.GPUDriverFactory",
                    "external-resource.gpu.kubernetes.config-key",
                    "nvidia.com/gpu");

    private static final TreeMap<String, ConfigOption<?>> FLINK = flinkOptions();

    /** The options that are declared in Flink's jars, by their current key. */
    private static TreeMap<String, ConfigOption<?>> flinkOptions() {
        TreeMap<String, ConfigOption<?>> options = new TreeMap<>();
        for (Class<?> library :
                List.of(
                        ConfigOptions.class,
                        StreamExecutionEnvironment.class,
                        RocksDBOptions.class,
                        KubernetesConfigOptions.class)) {
            String jar = library.getProtectionDomain().getCodeSource().getLocation().getPath();
            try (JarFile file = new JarFile(jar)) {
                for (JarEntry entry : Collections.list(file.entries())) {
                    String name = entry.getName();
                    if (name.startsWith("org/apache/flink/")
                            && name.endsWith("Options.class")
                            && !name.contains("/shaded/")) {
                        addOptions(name, options);
                    }
                }
            } catch (IOException | ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read the options in " + jar, e);
            }
        }
        return options;
    }

    private static void addOptions(String classFile, Map<String, ConfigOption<?>> options)
            throws ReflectiveOperationException {
        String name = classFile.substring(0, classFile.length() - 6).replace('/', '.');
        for (Field field : Class.forName(name).getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())
                    && field.getType() == ConfigOption.class
                    && !field.isAnnotationPresent(Deprecated.class)) {
                field.setAccessible(true);
                ConfigOption<?> option = (ConfigOption<?>) field.get(null);
                options.put(option.key(), option);
            }
        }
    }

    /** Flink's configuration of an overlay. */
    private static Map<String, String> configuration(String name) {
        Manifests manifests = Manifests.rendered(name);
        if (Manifests.NATIVE.contains(name)) {
            return Manifests.map(manifests.deployment().at("/spec/flinkConfiguration"));
        }
        String yaml = manifests.generated("flink-splade-flink").at("/data/config.yaml").asText();
        return Manifests.map(Manifests.parse(yaml).get(0));
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void everyKeyExistsAndItsValueIsValid(String name) {
        Map<String, String> keys = configuration(name);
        Configuration configuration = Configuration.fromMap(keys);
        assertThat(FLINK).hasSizeGreaterThan(500);
        for (String key : keys.keySet()) {
            if (key.startsWith("kubernetes.operator.") || key.startsWith("job.autoscaler.")) {
                assertThat(OPERATOR).contains(key);
            } else if (key.startsWith("metrics.reporter.")
                    || key.startsWith("external-resource.")) {
                assertThat(NAMED).containsEntry(key, keys.get(key));
            } else {
                assertThat(FLINK).as("a current key of Flink").containsKey(key);
                Object value = configuration.getOptional(FLINK.get(key)).orElse(null);
                assertThat(value).as(key).isNotNull();
            }
        }
        for (String required : List.of("metrics.reporters", "external-resources")) {
            String named = keys.getOrDefault(required, "");
            assertThat(
                            keys.keySet().stream()
                                    .anyMatch(
                                            key ->
                                                    key.matches(
                                                            "(metrics\\.reporter|external-resource)\\."
                                                                    + named
                                                                    + "\\..*")))
                    .as(required)
                    .isEqualTo(!named.isEmpty());
        }
    }

    @Test
    void rejectsKeysThatFlinkDoesNotKnow() {
        assertThat(FLINK)
                .containsKeys(
                        "execution.checkpointing.dir",
                        "kubernetes.taskmanager.service-account",
                        "state.backend.rocksdb.memory.managed")
                .doesNotContainKeys(
                        "execution.checkpointing.directory",
                        // renamed
                        "state.checkpoints.dir",
                        "high-availability");
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void containsTheKeysOfTheDistribution(String name) throws IOException {
        Path file = Manifests.ROOT.resolve("job/app/src/distribution/conf/config.yaml");
        Map<String, String> required = new TreeMap<>();
        flatten("", Manifests.parse(Files.readString(file)).get(0), required);
        assertThat(required).containsKey("state.backend.type");
        assertThat(configuration(name)).containsAllEntriesOf(required);
    }

    private static void flatten(String prefix, JsonNode node, Map<String, String> flat) {
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String key = prefix.isEmpty() ? entry.getKey() : prefix + "." + entry.getKey();
            if (entry.getValue().isObject()) {
                flatten(key, entry.getValue(), flat);
            } else {
                flat.put(key, entry.getValue().asText());
            }
        }
    }

    @Test
    void standaloneDiffersFromTheBaseWhereItMust() {
        Map<String, String> base = new TreeMap<>(configuration("base"));
        Map<String, String> standalone = new TreeMap<>(configuration("standalone"));
        // what the operator, or Flink in native mode, sets or reads
        base.keySet().removeIf(key -> key.startsWith("kubernetes."));
        assertThat(standalone).containsAllEntriesOf(base);
        standalone.keySet().removeAll(base.keySet());
        assertThat(standalone.keySet())
                .containsExactlyInAnyOrder(
                        "kubernetes.cluster-id",
                        "high-availability.cluster-id",
                        "execution.shutdown-on-application-finish",
                        "parallelism.default",
                        "jobmanager.memory.process.size",
                        "taskmanager.memory.process.size",
                        "env.java.default-opts.all",
                        "jobmanager.rpc.port",
                        "high-availability.jobmanager.port",
                        "blob.server.port",
                        "rest.port",
                        "taskmanager.rpc.port");
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void slotsAreEnoughForTheParallelism(String name) {
        Manifests manifests = Manifests.rendered(name);
        int slots = Integer.parseInt(configuration(name).get("taskmanager.numberOfTaskSlots"));
        if (name.equals("standalone")) {
            int taskManagers =
                    manifests
                            .the("Deployment", "flink-splade-taskmanager")
                            .at("/spec/replicas")
                            .intValue();
            assertThat(slots * taskManagers)
                    .isEqualTo(Integer.parseInt(configuration(name).get("parallelism.default")));
        } else if (!name.equals("session")) {
            // a budget that requires all TaskManagers would block every drain
            int parallelism = manifests.deployment().at("/spec/job/parallelism").intValue();
            int taskManagers = (parallelism + slots - 1) / slots;
            for (JsonNode budget : manifests.ofKind("PodDisruptionBudget")) {
                assertThat(budget.at("/spec/minAvailable").intValue()).isLessThan(taskManagers);
            }
        }
    }

    @Test
    void everyOperatorKeyIsInTheOperatorsDocumentation() throws IOException {
        Path directory = Crds.directory();
        TreeSet<String> documented = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path page :
                    files.filter(file -> file.toString().endsWith("_configuration.html"))
                            .toList()) {
                Matcher key = Pattern.compile("<h5>([^<]+)</h5>").matcher(Files.readString(page));
                while (key.find()) {
                    documented.add(key.group(1));
                }
            }
        }
        assumeTrue(
                !documented.isEmpty(),
                directory
                        + " contains no docs/layouts/shortcodes/generated/*_configuration.html of the"
                        + " operator");
        assertThat(documented).containsAll(OPERATOR);
        TreeSet<String> used = new TreeSet<>();
        Manifests.all().forEach(name -> used.addAll(configuration(name).keySet()));
        assertThat(used).containsAll(OPERATOR);
    }
}
