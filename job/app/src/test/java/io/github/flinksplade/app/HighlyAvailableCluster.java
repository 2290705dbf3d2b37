package io.github.flinksplade.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A Flink cluster with high availability: a JobManager, TaskManagers with one slot, and ZooKeeper,
 * each in its own JVM that can be killed. In application mode, as on Kubernetes, the JobManager
 * runs the job's main method; in session mode a client submits the job.
 */
final class HighlyAvailableCluster implements AutoCloseable {

    private static final String APPLICATION =
            "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint";
    private static final String SESSION =
            "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint";
    private static final String ZOOKEEPER =
            "org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain";

    private static final List<String> OPENS =
            Stream.of("java.util", "java.lang", "java.time", "java.nio")
                    .flatMap(name -> Stream.of("--add-opens", "java.base/" + name + "=ALL-UNNAMED"))
                    .toList();

    /** How the job is deployed. */
    enum Mode {
        APPLICATION,
        SESSION
    }

    private final Path folder;
    private final Path job;
    private final Mode mode;
    private final int rest;
    private final Map<String, Process> processes = new LinkedHashMap<>();
    private final Map<String, List<String>> memory = new HashMap<>();

    /**
     * @param scheduler Flink's {@code jobmanager.scheduler}
     */
    HighlyAvailableCluster(Path folder, Path job, Mode mode, String scheduler) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.job = job;
        this.mode = mode;
        int zooKeeper = freePort();
        rest = freePort();
        Path conf = Files.createDirectories(folder.resolve("conf"));
        Path home = Distribution.home();
        Files.copy(home.resolve("conf/log4j.properties"), conf.resolve("log4j.properties"));
        Files.writeString(
                conf.resolve("config.yaml"),
                Files.readString(home.resolve("conf/config.yaml"))
                        + """

                        high-availability:
                          type: zookeeper
                          storageDir: file://%1$s/ha
                          zookeeper: {quorum: "127.0.0.1:%2$d", client: {session-timeout: 4000}}
                        jobmanager:
                          scheduler: %5$s
                          rpc: {address: 127.0.0.1, port: %3$d}
                          bind-host: 127.0.0.1
                          memory: {process: {size: 1000m}}
                        taskmanager:
                          host: 127.0.0.1
                          bind-host: 127.0.0.1
                          numberOfTaskSlots: 1
                          memory: {process: {size: 1400m}, managed: {size: 100m}, network: {min: 32m, max: 32m}}
                        rest: {address: 127.0.0.1, bind-address: 127.0.0.1, port: %4$d}
                        parallelism: {default: 2}
                        io: {tmp: {dirs: %1$s/tmp}}
                        execution:
                          checkpointing: {dir: "file://%1$s/checkpoints", interval: 500 ms}
                        restart-strategy:
                          type: fixed-delay
                          fixed-delay: {attempts: 2147483647, delay: 1 s}
                        """
                                .formatted(folder, zooKeeper, freePort(), rest, scheduler));
        Files.createDirectories(folder.resolve("tmp"));
        processes.put("zookeeper", startZooKeeper(folder, zooKeeper, logFile("zookeeper")));
    }

    /** Starts ZooKeeper in a JVM of its own, which stores its data below the folder. */
    static Process startZooKeeper(Path folder, int port, Path log) throws IOException {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(Distribution.SHORT_RUN);
        command.addAll(List.of("-Xmx128m", "-cp", Distribution.home().resolve("flink") + "/*"));
        command.addAll(
                List.of(
                        ZOOKEEPER,
                        String.valueOf(port),
                        Files.createDirectories(folder.resolve("zookeeper-data")).toString(),
                        "500")); // tick time in ms, so that sessions of killed processes end soon
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    /** Starts a JobManager: the first one submits the job, later ones recover it. */
    void startJobManager() throws IOException {
        boolean isFirst = log("jobmanager").isEmpty();
        if (mode == Mode.SESSION) {
            startFlink("jobmanager", "GET_JM_RESOURCE_PARAMS", SESSION);
            if (isFirst) {
                submit();
            }
        } else {
            startFlink(
                    "jobmanager",
                    "GET_JM_RESOURCE_PARAMS",
                    APPLICATION,
                    "--job-classname",
                    SpladeJobMain.class.getName(),
                    job.toString());
        }
    }

    private void submit() throws IOException {
        Distribution.await(
                "the JobManager", () -> log("jobmanager").contains("Rest endpoint listening"));
        Path home = Distribution.home();
        List<String> java = new ArrayList<>(List.of(java()));
        java.addAll(Distribution.SHORT_RUN);
        java.addAll(OPENS);
        java.addAll(List.of("-cp", home.resolve("flink") + "/*:" + home.resolve("lib") + "/*"));
        java.addAll(List.of("org.apache.flink.client.cli.CliFrontend", "run", "-d"));
        java.addAll(List.of("-c", SpladeJobMain.class.getName()));
        java.add(home.resolve("usrlib/flink-splade-job.jar").toString());
        java.add(job.toString());
        Distribution.execute(folder, "", Map.of("FLINK_CONF_DIR", conf()), java).expect(0);
    }

    void startTaskManager(String name) throws IOException {
        startFlink(
                name,
                "GET_TM_RESOURCE_PARAMS",
                "org.apache.flink.runtime.taskexecutor.TaskManagerRunner");
    }

    private void startFlink(String name, String resources, String main, String... more)
            throws IOException {
        if (!memory.containsKey(resources)) {
            memory.put(resources, deriveMemory(resources));
        }
        List<String> memory = this.memory.get(resources);
        int split = memory.indexOf("-D");
        List<String> arguments = new ArrayList<>(List.of("--configDir", conf()));
        arguments.addAll(memory.subList(split, memory.size()));
        arguments.addAll(List.of(more));
        start(name, memory.subList(0, split), main, arguments.toArray(String[]::new));
    }

    /** SIGKILL. */
    void kill(String name) {
        processes.remove(name).destroyForcibly().onExit().join();
    }

    boolean isAlive(String name) {
        return processes.get(name).isAlive();
    }

    /** The largest parallelism of an operator of the running job; 0 while none is running. */
    int parallelism() {
        try {
            JsonNode jobs = rest("/jobs");
            int parallelism = 0;
            for (JsonNode running : jobs.path("jobs")) {
                if (running.path("status").asText().equals("RUNNING")) {
                    JsonNode details = rest("/jobs/" + running.path("id").asText());
                    for (JsonNode vertex : details.path("vertices")) {
                        if (!vertex.path("status").asText().equals("RUNNING")) {
                            return 0;
                        }
                        parallelism = Math.max(parallelism, vertex.path("parallelism").asInt());
                    }
                }
            }
            return parallelism;
        } catch (IOException e) {
            return 0; // the JobManager is starting
        }
    }

    private JsonNode rest(String path) throws IOException {
        return new ObjectMapper().readTree(URI.create("http://127.0.0.1:" + rest + path).toURL());
    }

    /** The log of a process and its predecessors of the same name. */
    String log(String name) {
        try {
            return Files.exists(logFile(name)) ? Files.readString(logFile(name)) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path logFile(String name) {
        return folder.resolve(name + ".log");
    }

    private String conf() {
        return folder.resolve("conf").toString();
    }

    /** JVM options, then the options that Flink derives for the process. */
    private List<String> deriveMemory(String command) throws IOException {
        List<String> java = new ArrayList<>(List.of(java()));
        java.addAll(Distribution.SHORT_RUN);
        java.addAll(List.of("-cp", classPath()));
        java.addAll(
                List.of(
                        "org.apache.flink.runtime.util.bash.BashJavaUtils",
                        command,
                        "--configDir",
                        conf()));
        List<String> options = new ArrayList<>();
        Distribution.execute(folder, "", Map.of("FLINK_CONF_DIR", conf()), java)
                .expect(0)
                .out()
                .lines()
                .filter(line -> line.startsWith("BASH_JAVA_UTILS_EXEC_RESULT:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .forEach(line -> options.addAll(Arrays.asList(line.split("\\s+"))));
        return options;
    }

    private void start(String name, List<String> options, String main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(Distribution.SHORT_RUN);
        command.addAll(options);
        command.addAll(OPENS);
        command.addAll(
                List.of(
                        "-Dlog4j.configurationFile=file:" + conf() + "/log4j.properties",
                        "-Dlog.file=" + logFile(name),
                        "-cp",
                        classPath(),
                        main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(
                                        folder.resolve(name + ".out").toFile()));
        builder.environment().put("FLINK_CONF_DIR", conf());
        processes.put(name, builder.start());
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /**
     * In application mode as in the image: Flink, the native libraries, and the job in the same
     * class loader.
     */
    private String classPath() {
        Path home = Distribution.home();
        String flink = home.resolve("flink") + "/*";
        String libraries = home.resolve("lib") + "/*";
        if (mode == Mode.SESSION) {
            return String.join(File.pathSeparator, flink, libraries);
        }
        String entryPoint;
        try {
            entryPoint =
                    Path.of(
                                    Class.forName(APPLICATION)
                                            .getProtectionDomain()
                                            .getCodeSource()
                                            .getLocation()
                                            .toURI())
                            .toString();
        } catch (ReflectiveOperationException | java.net.URISyntaxException e) {
            throw new IllegalStateException(
                    "flink-container is not on the class path of the tests", e);
        }
        return String.join(
                File.pathSeparator, flink, libraries, home.resolve("usrlib") + "/*", entryPoint);
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    @Override
    public void close() {
        processes.values().forEach(process -> process.destroyForcibly().onExit().join());
    }
}
