package io.github.flinksplade.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.connector.Connectors;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What kustomize makes of deploy/kubernetes. The other tests read the files in {@code rendered},
 * which {@code -Dflinksplade.writeDocs=true} writes again.
 */
class KustomizeTest {

    @BeforeEach
    void findKubectl() {
        assumeTrue(
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, "kubectl"))),
                "kubectl is not on the PATH");
    }

    private static String render(Path kustomization) throws Exception {
        Path output = Files.createTempFile("rendered", ".yaml");
        Path errors = Files.createTempFile("errors", ".txt");
        try {
            int status =
                    new ProcessBuilder("kubectl", "kustomize", kustomization.toString())
                            .redirectOutput(output.toFile())
                            .redirectError(errors.toFile())
                            .start()
                            .waitFor();
            assertThat(Files.readString(errors)).isEmpty();
            assertThat(status).isZero();
            return Files.readString(output);
        } finally {
            Files.delete(output);
            Files.delete(errors);
        }
    }

    private static Set<JsonNode> objects(String yaml) {
        return new HashSet<>(Manifests.parse(yaml));
    }

    @ParameterizedTest
    @MethodSource("io.github.flinksplade.kubernetes.Manifests#kustomizations")
    void renderedFileIsUpToDate(Path kustomization) throws Exception {
        String yaml = render(kustomization);
        String name = kustomization.getFileName().toString();
        if (Boolean.getBoolean("flinksplade.writeDocs")) {
            Files.writeString(Manifests.DIRECTORY.resolve("rendered/" + name + ".yaml"), yaml);
        }
        assertThat(objects(yaml)).isEqualTo(new HashSet<>(Manifests.rendered(name).objects()));
    }

    @Test
    void onlyOverlaysAreRendered() throws IOException {
        try (Stream<Path> files = Files.list(Manifests.DIRECTORY.resolve("rendered"))) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            Manifests.all().stream().map(name -> name + ".yaml").toList());
        }
    }

    @ParameterizedTest
    @MethodSource("changedFiles")
    void changedFileChangesTheDeployment(String file, String addition, @TempDir Path directory)
            throws Exception {
        copy(directory);
        Manifests before =
                new Manifests("before", Manifests.parse(render(directory.resolve("base"))));
        Path changed = directory.resolve("base").resolve(file);
        Files.writeString(changed, Files.readString(changed) + addition);
        Manifests after =
                new Manifests("after", Manifests.parse(render(directory.resolve("base"))));
        assertThat(before.deployment()).isNotEqualTo(after.deployment());
        for (Manifests manifests : new Manifests[] {before, after}) {
            String deployment = manifests.deployment().toString();
            for (JsonNode map : manifests.ofKind("ConfigMap")) {
                assertThat(deployment).contains('"' + Manifests.nameOf(map) + '"');
            }
        }
    }

    static Stream<Arguments> changedFiles() {
        return Stream.of(
                Arguments.of("job.yaml", "threads: 2\n"),
                Arguments.of("model.env", "SPLADE_X=1\n"));
    }

    /** The example of docs/kubernetes.md: an overlay outside of the directory, with a job file. */
    @Test
    void overlayOfThePageChangesWhatItShould(@TempDir Path directory) throws Exception {
        String page = Files.readString(Manifests.ROOT.resolve("docs/kubernetes.md"));
        Path overlay = Files.createDirectory(directory.resolve("splade"));
        copy(Files.createDirectories(directory.resolve("deploy/kubernetes")));
        Matcher block =
                Pattern.compile("```\\w+\n# splade/([a-z.]+)\n(.*?)```", Pattern.DOTALL)
                        .matcher(page);
        int files = 0;
        while (block.find()) {
            Files.writeString(overlay.resolve(block.group(1)), block.group(2));
            files++;
        }
        assertThat(files).isEqualTo(4);
        Manifests mine = new Manifests("mine", Manifests.parse(render(overlay)));
        JsonNode spec = mine.deployment().get("spec");
        assertThat(mine.deployment().at("/metadata/namespace").asText()).isEqualTo("search");
        assertThat(spec.get("image").asText()).startsWith("registry.example.com/flink-splade:");
        assertThat(spec.at("/podTemplate/spec/initContainers/0/image"))
                .isEqualTo(spec.get("image"));
        assertThat(spec.get("flinkVersion").asText()).isEqualTo("v2_2");
        assertThat(mine.generated("flink-splade-job").at("/data/job.yaml").asText())
                .isEqualTo(Files.readString(overlay.resolve("job.yaml")));
        assertThat(mine.generated("flink-splade-model").at("/data/SPLADE_MODEL").asText())
                .startsWith("hf:");
        String all = spec.toString();
        assertThat(all)
                .doesNotContain("REPLACE")
                .contains(Manifests.nameOf(mine.generated("flink-splade-job")))
                .contains(Manifests.nameOf(mine.generated("flink-splade-model")));
        // the job reads its file with the environment of the pods
        JobSettings settings =
                JobSettings.of(
                        JobFile.read(
                                overlay.resolve("job.yaml"),
                                JobFilesTest.environment(
                                                mine, spec.at("/podTemplate/spec/containers/0"))
                                        ::get),
                        Connectors.all().keySet());
        assertThat(JobPlan.of(settings).sinkLocations()).hasSize(2);
        // and may reach its sinks
        assertThat(
                        mine.the("NetworkPolicy", "flink-splade")
                                .at("/spec/egress")
                                .findValuesAsText("port"))
                .contains("9093", "6334");
        // everything else is that of the base
        assertThat(new OperatorPods(mine.deployment()).taskManagerMemory())
                .isEqualTo(
                        new OperatorPods(Manifests.rendered("base").deployment())
                                .taskManagerMemory());
    }

    private static void copy(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(Manifests.DIRECTORY)) {
            for (Path file : files.toList()) {
                Path to = directory.resolve(Manifests.DIRECTORY.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(file, to);
                }
            }
        }
    }
}
