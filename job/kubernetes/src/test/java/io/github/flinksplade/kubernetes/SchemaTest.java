package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.ConfigMap;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.KubernetesResource;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Quantity;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.Service;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.ServiceAccount;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.apps.Deployment;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.rbac.Role;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.client.utils.Serialization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fields of the manifests: an API server rejects or drops those that it does not know. */
class SchemaTest {

    private static final Map<String, Class<?>> KUBERNETES =
            Map.of(
                    "v1 ConfigMap", ConfigMap.class,
                    "v1 Service", Service.class,
                    "v1 ServiceAccount", ServiceAccount.class,
                    "apps/v1 Deployment", Deployment.class,
                    "networking.k8s.io/v1 NetworkPolicy", NetworkPolicy.class,
                    "policy/v1 PodDisruptionBudget", PodDisruptionBudget.class,
                    "rbac.authorization.k8s.io/v1 Role", Role.class,
                    "rbac.authorization.k8s.io/v1 RoleBinding", RoleBinding.class);

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void objectsHaveOnlyFieldsOfKubernetes(String name) {
        List<String> unknown = new ArrayList<>();
        int count = 0;
        for (JsonNode object : Manifests.rendered(name).objects()) {
            assertThat(object.at("/metadata/namespace").asText()).isEqualTo("flink-splade");
            String kind = object.get("apiVersion").asText() + " " + Manifests.kindOf(object);
            if (kind.equals("flink.apache.org/v1beta1 FlinkDeployment")) {
                JsonNode spec = object.get("spec");
                for (String path :
                        List.of(
                                "/podTemplate",
                                "/jobManager/podTemplate",
                                "/taskManager/podTemplate")) {
                    unknown(path, spec.at(path), PodTemplateSpec.class, unknown);
                    count++;
                }
            } else if (!kind.equals("flink.apache.org/v1beta1 FlinkSessionJob")
                    && !kind.equals("monitoring.coreos.com/v1 PodMonitor")) {
                assertThat(KUBERNETES).containsKey(kind);
                unknown(Manifests.nameOf(object), object, KUBERNETES.get(kind), unknown);
                // quantities, ports and numbers have a valid form
                assertThat(Serialization.unmarshal(object.toString(), KUBERNETES.get(kind)))
                        .isNotNull();
                count++;
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(count).isGreaterThan(8);
    }

    @Test
    void findsFieldsThatKubernetesDoesNotKnow() throws IOException {
        JsonNode template =
                new ObjectMapper()
                        .readTree(
                                "{'spec': {'containers': [{'name': 'a', 'securityContext': {'readOnly': true}}],"
                                                .replace('\'', '"')
                                        + " \"volume\": []}}");
        List<String> unknown = new ArrayList<>();
        unknown("", template, PodTemplateSpec.class, unknown);
        assertThat(unknown)
                .containsExactly(".spec.containers[0].securityContext.readOnly", ".spec.volume");
    }

    /** Adds the fields that the class of Kubernetes' client does not have. */
    private static void unknown(String path, JsonNode node, Type type, List<String> found) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            Type element = arguments[arguments.length - 1];
            if (node.isArray()) {
                for (int i = 0; i < node.size(); i++) {
                    unknown(path + "[" + i + "]", node.get(i), element, found);
                }
            } else {
                node.properties()
                        .forEach(
                                entry ->
                                        unknown(
                                                path + "." + entry.getKey(),
                                                entry.getValue(),
                                                element,
                                                found));
            }
        } else if (node.isObject()
                && KubernetesResource.class.isAssignableFrom((Class<?>) type)
                && type != Quantity.class) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                Field field = field((Class<?>) type, entry.getKey());
                String name = path + "." + entry.getKey();
                if (field == null) {
                    found.add(name);
                } else {
                    unknown(name, entry.getValue(), field.getGenericType(), found);
                }
            }
        }
    }

    private static Field field(Class<?> type, String name) {
        for (Field field : type.getDeclaredFields()) {
            if (field.getName().equals(name)) {
                return field;
            }
        }
        return null;
    }

    @Test
    void customResourcesAreAcceptedByTheOperator() throws IOException {
        Crds crds = Crds.read();
        boolean isNewest = crds.accepts("v2_3");
        int checked = 0;
        for (String name : Manifests.all()) {
            for (JsonNode object : Manifests.rendered(name).objects()) {
                JsonNode schema = crds.schema(object);
                if (schema == null) {
                    continue;
                }
                checked++;
                List<String> errors = Crds.errors(object, schema);
                boolean isOlder = object.at("/spec/flinkVersion").asText().equals("v2_2");
                assertThat(isOlder)
                        .isEqualTo(
                                name.equals("operator-1.15")
                                        && Manifests.kindOf(object).equals("FlinkDeployment"));
                if (object.at("/spec").has("flinkVersion") && !isOlder && !isNewest) {
                    // operator 1.15: the reason for the overlay of that name
                    assertThat(errors)
                            .as(name)
                            .singleElement()
                            .asString()
                            .startsWith(".spec.flinkVersion: \"v2_3\" is not one of");
                } else {
                    assertThat(errors).as(name).isEmpty();
                }
            }
        }
        assertThat(checked).isEqualTo(Manifests.NATIVE.size() + 1);
    }

    /** The commands of docs/kubernetes.md. */
    @Test
    void patchesOfThePageAreAcceptedByTheOperator() throws IOException {
        Crds crds = Crds.read();
        Matcher patch =
                Pattern.compile("-p '(\\{.*})'")
                        .matcher(Files.readString(Manifests.ROOT.resolve("docs/kubernetes.md")));
        int patches = 0;
        while (patch.find()) {
            JsonNode merged =
                    OperatorPods.merged(
                            Manifests.rendered("operator-1.15").deployment(),
                            new ObjectMapper().readTree(patch.group(1)),
                            false);
            assertThat(Crds.errors(merged, crds.schema(merged))).as(patch.group(1)).isEmpty();
            patches++;
        }
        assertThat(patches).isEqualTo(3);
    }

    @Test
    void operatorWouldRejectUnknownFieldsAndValues() throws IOException {
        Crds crds = Crds.read();
        ObjectNode deployment = Manifests.rendered("operator-1.15").deployment().deepCopy();
        ObjectNode job = (ObjectNode) deployment.at("/spec/job");
        job.put("upgradeMode", "last_state");
        job.put("parallelism", "4");
        job.put("jarURL", "local:///job.jar");
        assertThat(Crds.errors(deployment, crds.schema(deployment)))
                .hasSize(3)
                .anyMatch(error -> error.startsWith(".spec.job.upgradeMode: \"last_state\""))
                .contains(
                        ".spec.job.parallelism: \"4\" is not of type integer",
                        ".spec.job.jarURL: unknown field");
    }
}
