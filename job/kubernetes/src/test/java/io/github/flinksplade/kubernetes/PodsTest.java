package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Container;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.ContainerPort;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.EnvVar;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Pod;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.PodBuilder;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Probe;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Quantity;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.SecurityContext;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Volume;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.VolumeMount;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.client.utils.Serialization;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.jobmanager.JobManagerProcessSpec;
import org.apache.flink.runtime.jobmanager.JobManagerProcessUtils;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pods: those that Flink creates from each FlinkDeployment, and those without the operator. */
class PodsTest {

    private static final String PLUGIN =
            "flink-s3-fs-hadoop-" + EnvironmentInformation.getVersion();

    /** Everything in the containers that may be written to. */
    private static final Set<String> WRITABLE =
            Set.of("/cache", "/opt/flink/log", "/opt/flink/plugins/" + PLUGIN, "/tmp");

    /** Flink's own volume for artifacts, which it downloads for applications elsewhere. */
    private static final String ARTIFACTS = "/opt/flink/artifacts";

    /** The pods of one overlay. */
    private record Pods(Manifests manifests, Pod jobManager, Pod taskManager) {

        static Pods of(String name) throws Exception {
            Manifests manifests = Manifests.rendered(name);
            if (Manifests.NATIVE.contains(name)) {
                OperatorPods pods = new OperatorPods(manifests.deployment());
                return new Pods(manifests, pods.jobManager(), pods.taskManager());
            }
            return new Pods(
                    manifests,
                    deployed(manifests.the("Deployment", "flink-splade-jobmanager")),
                    deployed(manifests.the("Deployment", "flink-splade-taskmanager")));
        }

        private static Pod deployed(JsonNode deployment) {
            PodTemplateSpec template =
                    Serialization.unmarshal(
                            deployment.at("/spec/template").toString(), PodTemplateSpec.class);
            return new PodBuilder()
                    .withMetadata(template.getMetadata())
                    .withSpec(template.getSpec())
                    .build();
        }

        List<Pod> both() {
            return List.of(jobManager, taskManager);
        }

        List<Container> containers() {
            return both().stream()
                    .flatMap(
                            pod ->
                                    Stream.concat(
                                            pod.getSpec().getInitContainers().stream(),
                                            pod.getSpec().getContainers().stream()))
                    .toList();
        }
    }

    private static Map<String, String> amounts(Map<String, Quantity> resources) {
        Map<String, String> amounts = new HashMap<>();
        resources.forEach(
                (name, quantity) ->
                        amounts.put(
                                name,
                                quantity.getNumericalAmount()
                                        .stripTrailingZeros()
                                        .toPlainString()));
        return amounts;
    }

    private static String gibibytes(int number) {
        return String.valueOf(MemorySize.parse(number + "g").getBytes());
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void containersRunWithoutPrivileges(String name) throws Exception {
        Pods pods = Pods.of(name);
        for (Pod pod : pods.both()) {
            var context = pod.getSpec().getSecurityContext();
            assertThat(context.getRunAsNonRoot()).isTrue();
            assertThat(context.getRunAsUser()).isEqualTo(9999);
            assertThat(context.getFsGroup()).isEqualTo(9999);
            assertThat(context.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        }
        assertThat(pods.containers()).hasSize(4);
        for (Container container : pods.containers()) {
            SecurityContext context = container.getSecurityContext();
            assertThat(context.getAllowPrivilegeEscalation()).isFalse();
            assertThat(context.getReadOnlyRootFilesystem()).isTrue();
            assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void containersMountWhatTheyWrite(String name) throws Exception {
        Pods pods = Pods.of(name);
        for (Pod pod : pods.both()) {
            Map<String, Volume> volumes = new HashMap<>();
            pod.getSpec().getVolumes().forEach(volume -> volumes.put(volume.getName(), volume));
            Container main = OperatorPods.main(pod);
            Set<String> writable = new TreeSet<>();
            for (VolumeMount mount : main.getVolumeMounts()) {
                Volume volume = volumes.get(mount.getName());
                assertThat(volume).as(mount.getName()).isNotNull();
                if (volume.getConfigMap() == null && volume.getSecret() == null) {
                    writable.add(mount.getMountPath());
                    assertThat(volume.getEmptyDir()).as(mount.getName()).isNotNull();
                }
            }
            writable.remove(ARTIFACTS);
            assertThat(writable).isEqualTo(new TreeSet<>(WRITABLE));
            // Flink or the standalone overlay mounts its configuration
            assertThat(main.getVolumeMounts())
                    .extracting(VolumeMount::getMountPath)
                    .contains("/opt/flink/conf", "/opt/flink/job")
                    .doesNotHaveDuplicates();
            Container model = pod.getSpec().getInitContainers().get(0);
            assertThat(model.getVolumeMounts())
                    .allSatisfy(mount -> assertThat(volumes).containsKey(mount.getName()))
                    .extracting(VolumeMount::getMountPath)
                    .containsExactlyInAnyOrder("/tmp", "/cache", "/opt/flink/plugins/" + PLUGIN);
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void containersHaveTheirResources(String name) throws Exception {
        Pods pods = Pods.of(name);
        Map<String, String> jobManager = Map.of("cpu", "1", "memory", gibibytes(2));
        Map<String, String> taskManager =
                name.equals("gpu")
                        ? Map.of("cpu", "8", "memory", gibibytes(8), "nvidia.com/gpu", "1")
                        : Map.of("cpu", "4", "memory", gibibytes(6));
        Container first = OperatorPods.main(pods.jobManager);
        Container second = OperatorPods.main(pods.taskManager);
        assertThat(amounts(first.getResources().getLimits())).isEqualTo(jobManager);
        assertThat(amounts(first.getResources().getRequests())).isEqualTo(jobManager);
        assertThat(amounts(second.getResources().getLimits())).isEqualTo(taskManager);
        assertThat(amounts(second.getResources().getRequests())).isEqualTo(taskManager);
        // an init container that asked for more would make the pod larger
        for (Pod pod : pods.both()) {
            var model = pod.getSpec().getInitContainers().get(0).getResources();
            var main = OperatorPods.main(pod).getResources();
            assertThat(model.getRequests().get("memory").getNumericalAmount())
                    .isLessThanOrEqualTo(main.getRequests().get("memory").getNumericalAmount());
            assertThat(model.getRequests().get("cpu").getNumericalAmount())
                    .isLessThanOrEqualTo(main.getRequests().get("cpu").getNumericalAmount());
        }
    }

    @Test
    void onlyTaskManagersOfTheGpuOverlayUseGpus() throws Exception {
        for (String name : Manifests.all()) {
            Pods pods = Pods.of(name);
            boolean isGpu = name.equals("gpu");
            var spec = pods.taskManager.getSpec();
            assertThat(spec.getNodeSelector())
                    .isEqualTo(isGpu ? Map.of("nvidia.com/gpu.present", "true") : Map.of());
            assertThat(spec.getTolerations()).hasSize(isGpu ? 1 : 0);
            assertThat(pods.jobManager.getSpec().getNodeSelector()).isEmpty();
            for (Container container : pods.containers()) {
                assertThat(container.getImage())
                        .isEqualTo(isGpu ? "flink-splade:0.1.0-gpu" : "flink-splade:0.1.0");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void selectorsMatchThePods(String name) throws Exception {
        Pods pods = Pods.of(name);
        Manifests manifests = pods.manifests;
        Map<String, String> jobManager = pods.jobManager.getMetadata().getLabels();
        Map<String, String> taskManager = pods.taskManager.getMetadata().getLabels();
        Map<String, String> policy =
                Manifests.map(
                        manifests
                                .the("NetworkPolicy", "flink-splade")
                                .at("/spec/podSelector/matchLabels"));
        assertThat(jobManager).containsAllEntriesOf(policy);
        assertThat(taskManager).containsAllEntriesOf(policy);
        List<JsonNode> budgets = manifests.ofKind("PodDisruptionBudget");
        assertThat(budgets).hasSize(name.equals("gpu") ? 0 : 1);
        for (JsonNode budget : budgets) {
            Map<String, String> selector = Manifests.map(budget.at("/spec/selector/matchLabels"));
            assertThat(taskManager).containsAllEntriesOf(selector);
            assertThat(jobManager.entrySet().containsAll(selector.entrySet())).isFalse();
        }
        for (JsonNode monitor : manifests.ofKind("PodMonitor")) {
            Map<String, String> selector = Manifests.map(monitor.at("/spec/selector/matchLabels"));
            assertThat(jobManager).containsAllEntriesOf(selector);
            assertThat(taskManager).containsAllEntriesOf(selector);
            String port = monitor.at("/spec/podMetricsEndpoints/0/port").asText();
            for (Pod pod : pods.both()) {
                assertThat(OperatorPods.main(pod).getPorts())
                        .extracting(ContainerPort::getName)
                        .contains(port);
            }
        }
        for (JsonNode service : manifests.ofKind("Service")) {
            assertThat(jobManager)
                    .containsAllEntriesOf(Manifests.map(service.at("/spec/selector")));
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void taskManagersMayOnlyReadConfigMaps(String name) throws Exception {
        Pods pods = Pods.of(name);
        assertThat(pods.jobManager.getSpec().getServiceAccountName()).isEqualTo("flink-splade");
        String account = pods.taskManager.getSpec().getServiceAccountName();
        assertThat(account).isEqualTo("flink-splade-taskmanager");
        pods.manifests.the("ServiceAccount", account);
        JsonNode binding = pods.manifests.the("RoleBinding", account);
        assertThat(binding.at("/subjects/0/name").asText()).isEqualTo(account);
        assertThat(binding.at("/subjects/0/namespace").asText())
                .isEqualTo(binding.at("/metadata/namespace").asText());
        JsonNode rules =
                pods.manifests.the("Role", binding.at("/roleRef/name").asText()).get("rules");
        assertThat(rules.toString())
                .isEqualTo(
                        "[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],"
                                + "\"verbs\":[\"get\",\"list\",\"watch\"]}]");
    }

    /** Ports are numbers here because Flink names none of those that it opens in a template. */
    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void probesAskPortsThatFlinkOpens(String name) throws Exception {
        Pods pods = Pods.of(name);
        Map<Pod, Set<Integer>> open =
                Map.of(pods.jobManager, Set.of(6123, 8081), pods.taskManager, Set.of(6122));
        for (Pod pod : pods.both()) {
            Container main = OperatorPods.main(pod);
            Map<String, Integer> ports = new HashMap<>();
            main.getPorts().forEach(port -> ports.put(port.getName(), port.getContainerPort()));
            assertThat(ports.values()).contains(9249).containsAll(open.get(pod));
            assertThat(main.getLivenessProbe()).isNotNull();
            List<Probe> probes = new ArrayList<>();
            probes.add(main.getLivenessProbe());
            if (main.getReadinessProbe() != null) {
                probes.add(main.getReadinessProbe());
            }
            if (main.getStartupProbe() != null) {
                probes.add(main.getStartupProbe());
            }
            for (Probe probe : probes) {
                if (probe.getExec() != null) {
                    Path command = Path.of(probe.getExec().getCommand().get(0));
                    assertThat(
                                    Manifests.ROOT
                                            .resolve("deploy/docker")
                                            .resolve(command.getFileName()))
                            .isExecutable();
                } else {
                    var port =
                            probe.getHttpGet() == null
                                    ? probe.getTcpSocket().getPort()
                                    : probe.getHttpGet().getPort();
                    Integer number =
                            port.getIntVal() == null
                                    ? ports.get(port.getStrVal())
                                    : port.getIntVal();
                    assertThat(open.get(pod)).contains(number);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void environmentIsThatOfTheImageAndTheSecret(String name) throws Exception {
        Pods pods = Pods.of(name);
        JsonNode secret =
                Manifests.parse(
                                Files.readString(
                                        Manifests.DIRECTORY.resolve("secret.example.yaml")))
                        .get(0);
        Set<String> referenced = new TreeSet<>();
        for (Container container : pods.containers()) {
            Map<String, String> values = new HashMap<>();
            for (EnvVar variable : container.getEnv()) {
                values.put(variable.getName(), variable.getValue());
                if (variable.getValueFrom() != null
                        && variable.getValueFrom().getSecretKeyRef() != null) {
                    var reference = variable.getValueFrom().getSecretKeyRef();
                    assertThat(reference.getName()).isEqualTo(Manifests.nameOf(secret));
                    referenced.add(reference.getKey());
                }
            }
            assertThat(values)
                    .containsEntry("MALLOC_ARENA_MAX", "2")
                    .containsEntry("ENABLE_BUILT_IN_PLUGINS", PLUGIN + ".jar");
            if (container.getName().equals("model")) {
                assertThat(container.getCommand()).as("the image's entry point").isEmpty();
                Path command = Path.of(container.getArgs().get(0));
                assertThat(Files.readString(Manifests.ROOT.resolve("deploy/docker/Dockerfile")))
                        .contains(
                                "deploy/docker/"
                                        + command.getFileName()
                                        + " "
                                        + command.getParent());
            }
        }
        assertThat(referenced).isEqualTo(Manifests.map(secret.get("stringData")).keySet());
    }

    @Test
    void networkPolicyOpensThePortsOfTheJob() {
        JsonNode policy = Manifests.rendered("base").the("NetworkPolicy", "flink-splade");
        Set<Integer> egress = new TreeSet<>();
        policy.at("/spec/egress").findValues("port").forEach(port -> egress.add(port.intValue()));
        // the name server, S3 and the API server, Kafka
        assertThat(egress).containsExactly(53, 443, 6443, 9092, 9093);
        assertThat(policy.at("/spec/policyTypes").toString()).isEqualTo("[\"Ingress\",\"Egress\"]");
        assertThat(policy.at("/spec/ingress")).hasSize(3);
    }

    /** The tables of docs/kubernetes.md. */
    @Test
    void pageStatesHowFlinkDividesTheMemory(@TempDir Path directory) throws Exception {
        String page = Files.readString(Manifests.ROOT.resolve("docs/kubernetes.md"));
        OperatorPods base = new OperatorPods(Manifests.rendered("base").deployment());
        OperatorPods gpu = new OperatorPods(Manifests.rendered("gpu").deployment());
        assertThat(page)
                .contains(row("base", base.configuration(), base.taskManagerMemory()))
                .contains(row("`gpu`", gpu.configuration(), gpu.taskManagerMemory()))
                .contains(row(base.jobManagerMemory()));
        // The page describes how a smaller heap comes about by mistake.
        long gibibyte = MemorySize.parse("1g").getBytes();
        assertThat(base.taskManagerMemory().getTaskHeapSize().getBytes()).isGreaterThan(gibibyte);
        assertThat(gpu.taskManagerMemory().getTaskHeapSize().getBytes()).isGreaterThan(gibibyte);
        // Without the operator, Flink divides the same numbers from its configuration file.
        Files.writeString(
                directory.resolve(GlobalConfiguration.FLINK_CONF_FILENAME),
                Manifests.rendered("standalone")
                        .generated("flink-splade-flink")
                        .at("/data/config.yaml")
                        .asText());
        Configuration standalone = GlobalConfiguration.loadConfiguration(directory.toString());
        assertThat(
                        row(
                                "base",
                                standalone,
                                TaskExecutorProcessUtils.processSpecFromConfig(standalone)))
                .isEqualTo(row("base", base.configuration(), base.taskManagerMemory()));
        assertThat(row(JobManagerProcessUtils.processSpecFromConfig(standalone)))
                .isEqualTo(row(base.jobManagerMemory()));
        assertThat(standalone.get(TaskManagerOptions.NUM_TASK_SLOTS))
                .isEqualTo(base.configuration().get(TaskManagerOptions.NUM_TASK_SLOTS));
    }

    private static String row(
            String name, Configuration configuration, TaskExecutorProcessSpec memory) {
        return row(
                name,
                memory.getTotalProcessMemorySize(),
                memory.getTaskHeapSize(),
                configuration.get(TaskManagerOptions.FRAMEWORK_HEAP_MEMORY),
                memory.getTaskOffHeapSize(),
                configuration.get(TaskManagerOptions.FRAMEWORK_OFF_HEAP_MEMORY),
                memory.getNetworkMemSize(),
                memory.getManagedMemorySize(),
                memory.getJvmMetaspaceSize(),
                memory.getJvmOverheadSize());
    }

    private static String row(JobManagerProcessSpec memory) {
        return row(
                "JobManager",
                memory.getTotalProcessMemorySize(),
                memory.getJvmHeapMemorySize(),
                memory.getJvmDirectMemorySize(),
                memory.getJvmMetaspaceSize(),
                memory.getJvmOverheadSize());
    }

    private static String row(String name, MemorySize... sizes) {
        StringBuilder row = new StringBuilder("| ").append(name).append(" |");
        for (MemorySize size : sizes) {
            row.append(String.format(Locale.ROOT, " %,d |", size.getMebiBytes()));
        }
        return row.toString();
    }
}
