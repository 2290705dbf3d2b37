package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.config.JobFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.HighAvailabilityOptions;
import org.apache.flink.runtime.jobmanager.HighAvailabilityMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/**
 * Checks the images without a Docker engine: the compose file is valid, and the files and services
 * that it and the Dockerfiles refer to exist and are consistent.
 */
class ComposeFileTest {

    private static final List<String> FLINK = List.of("jobmanager", "taskmanager");
    private static final List<String> SERVERS = List.of("kafka", "jobmanager", "taskmanager");

    private static final String LOG4J = "job/app/src/distribution/conf/log4j.properties";

    private final Path root = Distribution.root();
    private final JsonNode compose = compose(Map.of());

    /** The compose file with its anchors and variables resolved. */
    private JsonNode compose(Map<String, String> variables) {
        try {
            String text = Files.readString(root.resolve("docker-compose.yml"));
            Matcher variable = Pattern.compile("\\$\\{([A-Z_]+):-([^}]*)}").matcher(text);
            text =
                    variable.replaceAll(
                            match ->
                                    Matcher.quoteReplacement(
                                            variables.getOrDefault(
                                                    match.group(1), match.group(2))));
            Object yaml = new Yaml().load(text);
            return new ObjectMapper().valueToTree(yaml);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, String> flinkProperties() {
        Map<String, String> properties = new TreeMap<>();
        for (String line :
                compose.at("/services/taskmanager/environment/FLINK_PROPERTIES")
                        .asText()
                        .strip()
                        .split("\n")) {
            assertThat(line).matches("[A-Za-z.-]+: \\S+"); // the image removes white space
            properties.put(line.split(": ")[0], line.split(": ")[1]);
        }
        return properties;
    }

    @Test
    void refersToExistingFilesAndServices() {
        for (String service : SERVERS) {
            for (JsonNode volume : compose.at("/services/" + service + "/volumes")) {
                String source = volume.asText().split(":")[0];
                if (source.startsWith(".")) {
                    assertThat(root.resolve(source)).isRegularFile();
                } else {
                    assertThat(compose.get("volumes").has(source)).as(source).isTrue();
                }
            }
        }
        for (JsonNode service : compose.get("services")) {
            if (service.has("depends_on")) {
                for (Map.Entry<String, JsonNode> needed : service.get("depends_on").properties()) {
                    assertThat(compose.get("services").has(needed.getKey())).isTrue();
                    assertThat(needed.getValue().get("condition").asText())
                            .isIn("service_healthy", "service_completed_successfully");
                }
            }
        }
    }

    @Test
    void buildsOneImageForBothFlinkServices() throws IOException {
        List<JsonNode> builds = compose.get("services").findValues("build");
        assertThat(builds).hasSize(1);
        assertThat(builds.get(0).get("context").asText()).isEqualTo("job/app/target/distribution");
        assertThat(root.resolve(builds.get(0).get("dockerfile").asText())).isRegularFile();
        assertThat(FLINK)
                .extracting(name -> compose.at("/services/" + name + "/image").asText())
                .containsExactly("flink-splade", "flink-splade");
        // The release contains the same file, and .env sets the variable.
        Map<String, String> release = new TreeMap<>();
        for (String line : Files.readAllLines(root.resolve("job/app/src/distribution/.env"))) {
            if (!line.startsWith("#")) {
                release.put(line.split("=")[0], line.split("=")[1]);
            }
        }
        assertThat(compose(release).at("/services/jobmanager/build/context").asText())
                .isEqualTo(".");
    }

    @Test
    void serversRestartHaveLimitsAndListenOnLoopbackOnly() {
        for (String name : SERVERS) {
            JsonNode service = compose.get("services").get(name);
            assertThat(service.get("restart").asText()).isEqualTo("unless-stopped");
            assertThat(service.has("mem_limit")).isTrue();
            assertThat(service.has("healthcheck")).isTrue();
            for (JsonNode port : service.path("ports")) {
                assertThat(port.asText()).startsWith("127.0.0.1:");
            }
        }
    }

    @Test
    void variablesSetPortsMemoryAndJob() {
        JsonNode changed =
                compose(
                        Map.of(
                                "FLINK_SPLADE_KAFKA_PORT", "19092",
                                "FLINK_SPLADE_REST_PORT", "18081",
                                "FLINK_SPLADE_TASKMANAGER_MEMORY", "8g",
                                "FLINK_SPLADE_JOB", "./other.yaml"));
        assertThat(changed.at("/services/kafka/ports/0").asText())
                .isEqualTo("127.0.0.1:19092:9092");
        assertThat(changed.at("/services/kafka/environment/KAFKA_ADVERTISED_LISTENERS").asText())
                .endsWith("OUTSIDE://localhost:19092");
        assertThat(changed.at("/services/jobmanager/ports/0").asText())
                .isEqualTo("127.0.0.1:18081:8081");
        assertThat(changed.at("/services/taskmanager/mem_limit").asText()).isEqualTo("8g");
        assertThat(changed.at("/services/taskmanager/environment/FLINK_PROPERTIES").asText())
                .contains("taskmanager.memory.process.size: 8g");
        assertThat(changed.at("/services/jobmanager/volumes/0").asText())
                .startsWith("./other.yaml");
    }

    @Test
    void startsTheMainClassWithAValidJob() throws Exception {
        String[] words = compose.at("/services/jobmanager/command").asText().strip().split("\\s+");
        assertThat(words[0]).isEqualTo("standalone-job");
        assertThat(words[1]).isEqualTo("--job-classname");
        assertThat(Class.forName(words[2]).getMethod("main", String[].class)).isNotNull();
        String[] mounted = compose.at("/services/jobmanager/volumes/0").asText().split(":");
        assertThat(mounted[1]).isEqualTo(words[3]);
        assertThat(JobFile.read(root.resolve(mounted[0]), name -> null))
                .containsKeys("from", "to", "dead-letters");
    }

    @Test
    void flinkUsesItsSlotsWithinTheMemoryOfTheContainer() {
        Map<String, String> flink = flinkProperties();
        assertThat(flink.get("parallelism.default"))
                .isEqualTo(flink.get("taskmanager.numberOfTaskSlots"));
        Matcher partitions =
                Pattern.compile("--partitions (\\d+)")
                        .matcher(compose.at("/services/topics/command").asText());
        assertThat(partitions.find()).isTrue();
        assertThat(Integer.parseInt(partitions.group(1)))
                .isGreaterThanOrEqualTo(Integer.parseInt(flink.get("parallelism.default")));
        assertThat(flink)
                .containsKeys(
                        "taskmanager.memory.task.off-heap.size",
                        "taskmanager.memory.managed.size",
                        "execution.checkpointing.interval")
                .containsEntry("execution.checkpointing.dir", "file:///checkpoints")
                .containsEntry(
                        "classloader.parent-first-patterns.additional", "ai.onnxruntime.;ai.djl.");
        for (String name : FLINK) {
            assertThat(compose.at("/services/" + name + "/mem_limit").asText())
                    .isEqualTo(flink.get(name + ".memory.process.size"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile", "Dockerfile.gpu"})
    void dockerfilesCopyOnlyFilesOfTheDistribution(String dockerfile) throws IOException {
        List<String> context =
                Files.readAllLines(root.resolve("job/app/src/distribution/.dockerignore"));
        List<String> copied = new ArrayList<>();
        String text =
                Files.readString(root.resolve("deploy/docker").resolve(dockerfile))
                        .replace("\\\n", "");
        for (String line : text.split("\n")) {
            if (line.startsWith("COPY ") && !line.contains("--from=")) {
                String[] words = line.split("\\s+");
                copied.addAll(List.of(words).subList(1, words.length - 1));
            }
        }
        // Libraries first, in a layer that a changed class does not invalidate.
        assertThat(copied).startsWith("lib/").endsWith("usrlib/");
        for (String from : copied) {
            assertThat(context)
                    .as(".dockerignore")
                    .anyMatch(line -> line.startsWith("!") && from.startsWith(line.substring(1)));
            // Maven creates these two.
            boolean isCreatedByMaven = from.equals("lib/") || from.equals("usrlib/");
            assertThat(
                            isCreatedByMaven
                                    || Files.exists(root.resolve(from))
                                    || Files.exists(
                                            root.resolve("job/app/src/distribution").resolve(from)))
                    .as(from)
                    .isTrue();
        }
        assertThat(Files.readString(root.resolve(LOG4J)))
                .as("the line from which the image appends to Flink's own file")
                .contains("\n# Messages that");
        assertThat(text)
                .contains("sed -n '/^# Messages that/,$p'")
                .contains("ORT_DISABLE_TELEMETRY=1 OPT_OUT_TRACKING=true RUST_FLAVOR=cpu")
                .contains("chown flink:flink /checkpoints /cache", "USER flink\n");
    }

    @Test
    void gpuFileOverridesExistingServices() throws IOException {
        Object yaml = new Yaml().load(Files.readString(root.resolve("deploy/docker/gpu.yml")));
        JsonNode gpu = new ObjectMapper().valueToTree(yaml);
        assertThat(gpu.get("services").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrderElementsOf(FLINK);
        assertThat(root.resolve(gpu.at("/services/jobmanager/build/dockerfile").asText()))
                .isRegularFile();
    }

    @Test
    void highAvailabilityFileAddsZooKeeperAndASecondJobManager() throws Exception {
        Object yaml = new Yaml().load(Files.readString(root.resolve("deploy/docker/ha.yml")));
        JsonNode available = new ObjectMapper().valueToTree(yaml);
        JsonNode services = available.get("services");
        assertThat(services.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("zookeeper", "jobmanager", "taskmanager");
        for (JsonNode volume : services.at("/zookeeper/volumes")) {
            assertThat(available.get("volumes").has(volume.asText().split(":")[0])).isTrue();
        }
        assertThat(services.get("zookeeper").has("healthcheck")).isTrue();
        assertThat(services.at("/jobmanager/scale").asInt()).isEqualTo(2);

        List<String> jobManager = words(services.at("/jobmanager/command"));
        List<String> keys = jobManager.subList(4, 7);
        assertThat(words(services.at("/taskmanager/command")))
                .startsWith("taskmanager")
                .endsWith(keys.toArray(String[]::new))
                .hasSize(4);
        Configuration flink =
                Configuration.fromMap(
                        keys.stream()
                                .map(key -> key.substring(2).split("=", 2))
                                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1])));
        assertThat(HighAvailabilityMode.fromConfig(flink))
                .isEqualTo(HighAvailabilityMode.ZOOKEEPER);
        assertThat(flink.get(HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM))
                .isEqualTo("zookeeper:2181");
        // a volume that both JobManagers mount
        String storage = flink.get(HighAvailabilityOptions.HA_STORAGE_PATH);
        assertThat(compose.at("/services/jobmanager/volumes").toString())
                .contains(":" + storage.substring("file://".length(), storage.lastIndexOf('/')));
        // what the shell runs, and the arguments of the job, which are those of docker-compose.yml
        assertThat(jobManager.subList(0, 2)).containsExactly("bash", "-c");
        assertThat(jobManager.get(2))
                .contains(" /opt/flink/flink-splade/standalone-job ", "$$(hostname -i)", "\"$$@\"");
        String[] words = compose.at("/services/jobmanager/command").asText().strip().split("\\s+");
        assertThat(jobManager.subList(7, jobManager.size()))
                .containsExactly(Arrays.copyOfRange(words, 1, words.length));
        // the two containers need a port each
        assertThat(
                        compose(Map.of("FLINK_SPLADE_REST_PORT", "8081-8082"))
                                .at("/services/jobmanager/ports/0")
                                .asText())
                .isEqualTo("127.0.0.1:8081-8082:8081");
    }

    private static List<String> words(JsonNode command) {
        List<String> words = new ArrayList<>();
        command.forEach(word -> words.add(word.asText()));
        return words;
    }
}
