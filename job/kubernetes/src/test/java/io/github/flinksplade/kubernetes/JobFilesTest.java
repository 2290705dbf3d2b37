package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.flink.container.entrypoint.StandaloneApplicationClusterConfigurationParserFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The job files of the manifests, read as the job reads them. */
class JobFilesTest {

    @TempDir Path directory;

    /** The pod template of an overlay's JobManager. */
    private static JsonNode template(Manifests manifests) {
        return Manifests.NATIVE.contains(manifests.name())
                ? manifests.deployment().at("/spec/podTemplate/spec")
                : manifests.the("Deployment", "flink-splade-jobmanager").at("/spec/template/spec");
    }

    /** The environment of a container; secrets have some value. */
    static Map<String, String> environment(Manifests manifests, JsonNode container) {
        Map<String, String> environment = new HashMap<>();
        for (JsonNode source : container.get("envFrom")) {
            String name = source.at("/configMapRef/name").asText();
            environment.putAll(Manifests.map(manifests.the("ConfigMap", name).get("data")));
        }
        for (JsonNode variable : container.get("env")) {
            environment.put(
                    variable.get("name").asText(),
                    variable.has("value") ? variable.get("value").asText() : "secret");
        }
        return environment;
    }

    private JobSettings settings(String text, Map<String, String> environment) throws Exception {
        Path file = Files.writeString(directory.resolve("job.yaml"), text);
        return JobSettings.of(JobFile.read(file, environment::get), Connectors.all().keySet());
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void jobFileIsAcceptedWithTheEnvironmentOfThePods(String name) throws Exception {
        Manifests manifests = Manifests.rendered(name);
        JsonNode pod = template(manifests);
        JsonNode model = pod.at("/initContainers/0");
        Map<String, String> environment = environment(manifests, pod.at("/containers/0"));
        String text = manifests.generated("flink-splade-job").at("/data/job.yaml").asText();
        JobSettings settings = settings(text, environment);
        // opens the connectors, which check their options, and contacts no server
        assertThat(JobPlan.of(settings).isBounded()).isFalse();
        assertThat(settings.get(JobSettings.DEAD_LETTERS)).isNotNull();
        assertThat(settings.get(JobSettings.STATE)).isNull();
        // the init container fetches the model and the precision of the job
        Map<String, String> fetched = environment(manifests, model);
        assertThat(model.get("args").toString())
                .isEqualTo(
                        "[\"/opt/flink/flink-splade/flink-splade\",\"model\",\"verify\",\"$(SPLADE_MODEL)\",\"--precision\","
                                + "\"$(SPLADE_PRECISION)\",\"--device\",\"cpu\"]");
        assertThat(settings.get(JobSettings.MODEL)).isEqualTo(fetched.get("SPLADE_MODEL"));
        assertThat(settings.get(JobSettings.PRECISION))
                .isEqualTo(JobSettings.PRECISION.parse(fetched.get("SPLADE_PRECISION"), "env"))
                .isEqualTo(name.equals("gpu") ? Precision.FP16 : Precision.FP32);
        assertThat(environment.get("SPLADE_DEVICE"))
                .isEqualTo(name.equals("gpu") ? "cuda" : "auto");
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#all")
    void jobIsStartedWithTheMountedFile(String name) throws Exception {
        Manifests manifests = Manifests.rendered(name);
        JsonNode pod = template(manifests);
        String main;
        String file;
        if (name.equals("standalone")) {
            JsonNode arguments = pod.at("/containers/0/args");
            assertThat(arguments.get(0).asText()).isEqualTo("standalone-job");
            assertThat(arguments.get(arguments.size() - 3).asText()).isEqualTo("--job-classname");
            main = arguments.get(arguments.size() - 2).asText();
            file = arguments.get(arguments.size() - 1).asText();
        } else {
            JsonNode job =
                    name.equals("session")
                            ? manifests
                                    .the("FlinkSessionJob", "flink-splade-documents")
                                    .at("/spec/job")
                            : manifests.deployment().at("/spec/job");
            main = job.get("entryClass").asText();
            file = job.at("/args/0").asText();
            assertThat(job.get("args")).hasSize(1);
            assertThat(job.get("upgradeMode").asText()).isEqualTo("last-state");
            assertThat(Files.readString(Manifests.ROOT.resolve("job/app/pom.xml")))
                    .contains("usrlib/" + Path.of(job.get("jarURI").asText()).getFileName());
        }
        assertThat(Class.forName(main).getMethod("main", String[].class)).isNotNull();
        String mounted = null;
        for (JsonNode mount : pod.at("/containers/0/volumeMounts")) {
            if (mount.get("name").asText().equals("job")) {
                mounted = mount.get("mountPath").asText();
            }
        }
        JsonNode map = manifests.generated("flink-splade-job");
        assertThat(file).isEqualTo(mounted + "/job.yaml").doesNotStartWith("/opt/flink/conf");
        assertThat(map.get("data").has("job.yaml")).isTrue();
        for (JsonNode volume : pod.get("volumes")) {
            if (volume.get("name").asText().equals("job")) {
                assertThat(volume.at("/configMap/name").asText()).isEqualTo(Manifests.nameOf(map));
            }
        }
    }

    /** Flink passes options that it does not know to the job, as arguments. */
    @Test
    void flinkUnderstandsTheArgumentsOfTheStandaloneJobManager() throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--configDir", "/opt/flink/conf"));
        template(Manifests.rendered("standalone"))
                .at("/containers/0/args")
                .forEach(argument -> arguments.add(argument.asText()));
        arguments.remove("standalone-job");
        CommandLine line = parsed(arguments);
        assertThat(line.getArgs()).containsExactly("/opt/flink/job/job.yaml");
        assertThat(line.getOptionProperties("D").stringPropertyNames())
                .containsExactlyInAnyOrder("kubernetes.namespace", "jobmanager.rpc.address");
        // as the page describes
        arguments.addAll(
                arguments.indexOf("--job-classname"), List.of("--fromSavepoint", "s3://a/b"));
        assertThat(parsed(arguments).getArgs()).containsExactly("/opt/flink/job/job.yaml");
        assertThat(parsed(arguments).getOptionValue("fromSavepoint")).isEqualTo("s3://a/b");
        // removed from Flink
        arguments.addAll(arguments.indexOf("--job-classname"), List.of("--host", "10.0.0.1"));
        assertThat(parsed(arguments).getArgs()).hasSizeGreaterThan(1);
    }

    private static CommandLine parsed(List<String> arguments) throws Exception {
        return new DefaultParser()
                .parse(
                        new StandaloneApplicationClusterConfigurationParserFactory().getOptions(),
                        arguments.toArray(new String[0]),
                        true);
    }

    @Test
    void deploymentOfASessionRefersToItsCluster() {
        Manifests manifests = Manifests.rendered("session");
        assertThat(manifests.deployment().get("spec").has("job")).isFalse();
        assertThat(
                        manifests
                                .the("FlinkSessionJob", "flink-splade-documents")
                                .at("/spec/deploymentName")
                                .asText())
                .isEqualTo(Manifests.nameOf(manifests.deployment()));
    }
}
