package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/**
 * What can be checked of the images without a Docker engine: the compose file parses, and what it
 * and the Dockerfile name exists.
 */
class ComposeFileTest {

    private final Path root = Distribution.root();

    /** The compose file with its anchors resolved. */
    private JsonNode compose() throws IOException {
        Object yaml = new Yaml().load(Files.readString(root.resolve("docker-compose.yml")));
        return new ObjectMapper().valueToTree(yaml);
    }

    @Test
    void composeFileNamesWhatExists() throws IOException {
        JsonNode compose = compose();
        JsonNode services = compose.get("services");
        for (String service : List.of("jobmanager", "taskmanager")) {
            JsonNode build = services.get(service).get("build");
            assertThat(build.get("context").asText()).isEqualTo("job/app/target/distribution");
            assertThat(root.resolve(build.get("dockerfile").asText())).isRegularFile();
            for (JsonNode volume : services.get(service).get("volumes")) {
                String source = volume.asText().split(":")[0];
                if (source.startsWith(".")) {
                    assertThat(root.resolve(source)).isRegularFile();
                } else {
                    assertThat(compose.get("volumes").has(source)).as(source).isTrue();
                }
            }
        }
        for (JsonNode service : services) {
            JsonNode needed = service.get("depends_on");
            List<String> names = new ArrayList<>();
            if (needed != null && needed.isArray()) {
                needed.forEach(name -> names.add(name.asText()));
            } else if (needed != null) {
                needed.fieldNames().forEachRemaining(names::add);
            }
            assertThat(names).allMatch(services::has);
        }
    }

    @Test
    void composeStartsTheJobsMainClassWithAJobThatIsUnderstood() throws Exception {
        JsonNode compose = compose();
        String command = compose.at("/services/jobmanager/command").asText();
        String[] words = command.strip().split("\\s+");
        assertThat(words[0]).isEqualTo("standalone-job");
        assertThat(words[1]).isEqualTo("--job-classname");
        assertThat(Class.forName(words[2]).getMethod("main", String[].class)).isNotNull();
        String mounted = compose.at("/services/jobmanager/volumes/0").asText();
        assertThat(mounted.split(":")[1]).isEqualTo(words[3]);
    }

    @Test
    void flinkPropertiesAreOneKeyALine() throws IOException {
        JsonNode compose = compose();
        String properties =
                compose.at("/services/taskmanager/environment/FLINK_PROPERTIES").asText();
        assertThat(properties.strip().split("\n"))
                .allMatch(line -> line.matches("[A-Za-z.-]+: \\S.*"));
        assertThat(properties)
                .contains("parent-first-patterns.additional: ai.onnxruntime.;ai.djl.");
    }

    @Test
    void dockerfileCopiesWhatTheDistributionHolds() throws IOException {
        for (String line : Files.readAllLines(root.resolve("deploy/docker/Dockerfile"))) {
            if (!line.startsWith("COPY ")) {
                continue;
            }
            String[] words = line.replace("--chown=flink:flink ", "").split("\\s+");
            for (int i = 1; i < words.length - 1; i++) {
                // what Maven writes (lib/, usrlib/) is checked on the distribution itself
                String from = words[i];
                boolean written = from.equals("lib/") || from.equals("usrlib/");
                assertThat(
                                written
                                        || Files.exists(root.resolve(from))
                                        || Files.exists(
                                                root.resolve("job/app/src/distribution")
                                                        .resolve(from)))
                        .as(from)
                        .isTrue();
            }
        }
    }
}
