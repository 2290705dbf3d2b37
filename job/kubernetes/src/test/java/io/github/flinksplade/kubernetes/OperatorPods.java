package io.github.flinksplade.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.client.deployment.ClusterSpecification;
import org.apache.flink.client.deployment.application.ApplicationConfiguration;
import org.apache.flink.configuration.BlobServerOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.HighAvailabilityOptions;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.kubernetes.KubernetesClusterClientFactory;
import org.apache.flink.kubernetes.configuration.KubernetesConfigOptions;
import org.apache.flink.kubernetes.configuration.KubernetesDeploymentTarget;
import org.apache.flink.kubernetes.entrypoint.KubernetesWorkerResourceSpecFactory;
import org.apache.flink.kubernetes.kubeclient.FlinkPod;
import org.apache.flink.kubernetes.kubeclient.factory.KubernetesJobManagerFactory;
import org.apache.flink.kubernetes.kubeclient.factory.KubernetesTaskManagerFactory;
import org.apache.flink.kubernetes.kubeclient.parameters.KubernetesJobManagerParameters;
import org.apache.flink.kubernetes.kubeclient.parameters.KubernetesTaskManagerParameters;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Container;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Pod;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.PodBuilder;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.client.utils.Serialization;
import org.apache.flink.kubernetes.utils.Constants;
import org.apache.flink.runtime.clusterframework.ContaineredTaskManagerParameters;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessSpec;
import org.apache.flink.runtime.clusterframework.TaskExecutorProcessUtils;
import org.apache.flink.runtime.externalresource.ExternalResourceUtils;
import org.apache.flink.runtime.jobmanager.HighAvailabilityMode;
import org.apache.flink.runtime.jobmanager.JobManagerProcessSpec;
import org.apache.flink.runtime.jobmanager.JobManagerProcessUtils;
import org.apache.flink.runtime.util.config.memory.ProcessMemoryUtils;

/**
 * The pods that Flink creates from a FlinkDeployment. The operator's part, from the specification
 * to Flink's configuration, is written here after its {@code FlinkConfigBuilder}; the pods are
 * Flink's.
 */
final class OperatorPods {

    private static final String MAIN = Constants.MAIN_CONTAINER_NAME;

    private final Configuration configuration = new Configuration();
    private final FlinkPod jobManagerTemplate;
    private final FlinkPod taskManagerTemplate;

    OperatorPods(JsonNode deployment) {
        JsonNode spec = deployment.get("spec");
        Manifests.map(spec.get("flinkConfiguration")).forEach(configuration::setString);
        boolean isByName =
                "true"
                        .equals(
                                configuration
                                        .toMap()
                                        .get(
                                                "kubernetes.operator.pod-template.merge-arrays-by-name"));
        JsonNode common = new ObjectMapper().createObjectNode();
        JsonNode jobManager = null;
        JsonNode taskManager = null;
        for (Map.Entry<String, JsonNode> field : spec.properties()) {
            JsonNode value = field.getValue();
            switch (field.getKey()) {
                case "image" ->
                        configuration.set(KubernetesConfigOptions.CONTAINER_IMAGE, value.asText());
                case "imagePullPolicy" ->
                        configuration.set(
                                KubernetesConfigOptions.CONTAINER_IMAGE_PULL_POLICY,
                                KubernetesConfigOptions.ImagePullPolicy.valueOf(value.asText()));
                case "serviceAccount" ->
                        configuration.set(
                                KubernetesConfigOptions.KUBERNETES_SERVICE_ACCOUNT, value.asText());
                case "podTemplate" -> common = value;
                case "jobManager" -> jobManager = value;
                case "taskManager" -> taskManager = value;
                case "job" -> job(value);
                case "flinkConfiguration", "flinkVersion" -> {}
                default -> throw new IllegalArgumentException("unknown field " + field.getKey());
            }
        }
        jobManagerTemplate = template(merged(common, jobManager.path("podTemplate"), isByName));
        taskManagerTemplate = template(merged(common, taskManager.path("podTemplate"), isByName));
        configuration.set(
                KubernetesConfigOptions.JOB_MANAGER_CPU,
                jobManager.at("/resource/cpu").doubleValue());
        configuration.setString(
                JobManagerOptions.TOTAL_PROCESS_MEMORY.key(),
                jobManager.at("/resource/memory").asText());
        configuration.set(
                KubernetesConfigOptions.KUBERNETES_JOBMANAGER_REPLICAS,
                jobManager.get("replicas").intValue());
        configuration.set(
                KubernetesConfigOptions.TASK_MANAGER_CPU,
                taskManager.at("/resource/cpu").doubleValue());
        configuration.setString(
                TaskManagerOptions.TOTAL_PROCESS_MEMORY.key(),
                taskManager.at("/resource/memory").asText());
        if (!spec.has("job")) {
            configuration.set(
                    DeploymentOptions.TARGET, KubernetesDeploymentTarget.SESSION.getName());
        }
        configuration.set(
                KubernetesConfigOptions.NAMESPACE, deployment.at("/metadata/namespace").asText());
        configuration.set(KubernetesConfigOptions.CLUSTER_ID, Manifests.nameOf(deployment));
        ports();
    }

    private void job(JsonNode job) {
        configuration.set(
                DeploymentOptions.TARGET, KubernetesDeploymentTarget.APPLICATION.getName());
        configuration.set(PipelineOptions.JARS, List.of(job.get("jarURI").asText()));
        configuration.set(CoreOptions.DEFAULT_PARALLELISM, job.get("parallelism").intValue());
        configuration.set(
                ApplicationConfiguration.APPLICATION_MAIN_CLASS, job.get("entryClass").asText());
        List<String> arguments = new ArrayList<>();
        job.get("args").forEach(argument -> arguments.add(argument.asText()));
        configuration.set(ApplicationConfiguration.APPLICATION_ARGS, arguments);
    }

    /** As Flink's {@code KubernetesClusterDescriptor} sets them. */
    private void ports() {
        configuration.set(BlobServerOptions.PORT, String.valueOf(Constants.BLOB_SERVER_PORT));
        configuration.set(
                TaskManagerOptions.RPC_PORT, String.valueOf(Constants.TASK_MANAGER_RPC_PORT));
        configuration.set(RestOptions.BIND_PORT, String.valueOf(Constants.REST_PORT));
        if (HighAvailabilityMode.isHighAvailabilityModeActivated(configuration)) {
            configuration.set(
                    HighAvailabilityOptions.HA_CLUSTER_ID,
                    configuration.get(KubernetesConfigOptions.CLUSTER_ID));
            configuration.set(
                    HighAvailabilityOptions.HA_JOB_MANAGER_PORT_RANGE,
                    String.valueOf(configuration.get(JobManagerOptions.PORT)));
        }
    }

    /** The second template merged into the first, as the operator's {@code FlinkUtils} does it. */
    static JsonNode merged(JsonNode to, JsonNode from, boolean isByName) {
        JsonNode result = to.deepCopy();
        if (!from.isMissingNode()) {
            merge((ObjectNode) result, (ObjectNode) from, isByName);
        }
        return result;
    }

    private static void merge(ObjectNode to, ObjectNode from, boolean isByName) {
        for (Map.Entry<String, JsonNode> field : from.properties()) {
            JsonNode before = to.get(field.getKey());
            JsonNode value = field.getValue();
            if (before instanceof ArrayNode array && value instanceof ArrayNode added) {
                to.set(field.getKey(), merged(array, added, isByName));
            } else if (before instanceof ObjectNode object && value instanceof ObjectNode added) {
                merge(object, added, isByName);
            } else {
                to.set(field.getKey(), value.deepCopy());
            }
        }
    }

    private static ArrayNode merged(ArrayNode to, ArrayNode from, boolean isByName) {
        Map<String, JsonNode> elements = new LinkedHashMap<>();
        boolean isNamed = isByName && areNamed(to) && areNamed(from);
        for (ArrayNode array : List.of(to, from)) {
            for (int i = 0; i < array.size(); i++) {
                JsonNode element = array.get(i).deepCopy();
                String key = isNamed ? element.get("name").asText() : String.valueOf(i);
                if (elements.get(key) instanceof ObjectNode before) {
                    merge(before, (ObjectNode) element, isByName);
                } else {
                    elements.put(key, element);
                }
            }
        }
        ArrayNode result = to.arrayNode();
        elements.values().forEach(result::add);
        return result;
    }

    private static boolean areNamed(ArrayNode array) {
        for (JsonNode element : array) {
            if (!element.has("name")) {
                return false;
            }
        }
        return true;
    }

    private static FlinkPod template(JsonNode json) {
        PodTemplateSpec template = Serialization.unmarshal(json.toString(), PodTemplateSpec.class);
        Pod pod =
                new PodBuilder()
                        .withMetadata(template.getMetadata())
                        .withSpec(template.getSpec())
                        .build();
        List<Container> others = new ArrayList<>(pod.getSpec().getContainers());
        Container main =
                others.stream()
                        .filter(container -> container.getName().equals(MAIN))
                        .findFirst()
                        .orElseThrow();
        others.remove(main);
        pod.getSpec().setContainers(others);
        return new FlinkPod(pod, main);
    }

    Configuration configuration() {
        return configuration;
    }

    /** The memory of a TaskManager, as Flink divides it. */
    TaskExecutorProcessSpec taskManagerMemory() {
        return TaskExecutorProcessUtils.processSpecFromWorkerResourceSpec(
                configuration,
                KubernetesWorkerResourceSpecFactory.INSTANCE.createDefaultWorkerResourceSpec(
                        configuration));
    }

    /** The memory of the JobManager, as Flink divides it. */
    JobManagerProcessSpec jobManagerMemory() {
        return JobManagerProcessUtils.processSpecFromConfig(configuration);
    }

    /** The pod of the JobManager's Deployment. */
    Pod jobManager() throws Exception {
        ClusterSpecification specification =
                new KubernetesClusterClientFactory().getClusterSpecification(configuration);
        PodTemplateSpec pod =
                KubernetesJobManagerFactory.buildKubernetesJobManagerSpecification(
                                jobManagerTemplate,
                                new KubernetesJobManagerParameters(configuration, specification))
                        .getDeployment()
                        .getSpec()
                        .getTemplate();
        return new PodBuilder().withMetadata(pod.getMetadata()).withSpec(pod.getSpec()).build();
    }

    /** The pod of a TaskManager. */
    Pod taskManager() {
        TaskExecutorProcessSpec memory = taskManagerMemory();
        return KubernetesTaskManagerFactory.buildTaskManagerKubernetesPod(
                        taskManagerTemplate,
                        new KubernetesTaskManagerParameters(
                                configuration,
                                "flink-splade-taskmanager-1-1",
                                "",
                                ProcessMemoryUtils.generateJvmParametersStr(memory),
                                ContaineredTaskManagerParameters.create(configuration, memory),
                                ExternalResourceUtils.getExternalResourceConfigurationKeys(
                                        configuration,
                                        KubernetesConfigOptions
                                                .EXTERNAL_RESOURCE_KUBERNETES_CONFIG_KEY_SUFFIX),
                                Set.of()))
                .getInternalResource();
    }

    static Container main(Pod pod) {
        return pod.getSpec().getContainers().stream()
                .filter(container -> container.getName().equals(MAIN))
                .findFirst()
                .orElseThrow();
    }
}
