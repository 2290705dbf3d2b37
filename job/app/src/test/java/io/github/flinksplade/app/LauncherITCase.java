package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The two launchers, run as scripts in unusual environments. */
class LauncherITCase {

    @TempDir Path directory;

    @Test
    void launcherFollowsAChainOfRelativeLinks() throws IOException {
        Path launcher =
                chain(
                        Files.createSymbolicLink(
                                directory.resolve("absolute"),
                                Distribution.home().resolve("bin/flink-splade")));
        Distribution.Answer answer = run(Map.of(), launcher.toString(), "--version").expect(0);
        assertThat(answer.out()).contains("flink-splade");
    }

    @Test
    void checkoutLauncherFollowsAChainOfRelativeLinks() throws IOException {
        Path checkout = Files.createDirectory(directory.resolve("checkout"));
        for (String folder : List.of("connectors", "deploy", "job/app/target/distribution/bin")) {
            Files.createDirectories(checkout.resolve(folder));
        }
        for (String file : List.of("pom.xml", "docker-compose.yml")) {
            Files.createFile(checkout.resolve(file));
        }
        Path launcher = checkout.resolve("flink-splade");
        Files.copy(Distribution.root().resolve("flink-splade"), launcher);
        Path built = checkout.resolve("job/app/target/distribution/bin/flink-splade");
        executable(built, "echo \"built one: $*\"");
        executable(checkout.resolve("job/benchmarks/run"), "echo \"benchmarks: $*\"");
        Files.createFile(checkout.resolve("job/app/target/distribution.stamp"));

        Distribution.Answer answer =
                run(Map.of(), chain(launcher).toString(), "encode", "a b").expect(0);

        assertThat(answer.out()).isEqualTo("built one: encode a b\n");
        assertThat(answer.err()).isEmpty();
        for (String benchmark : List.of("pipeline", "sinks", "device")) {
            assertThat(run(Map.of(), launcher.toString(), "bench", benchmark, "-x").out())
                    .isEqualTo("benchmarks: bench " + benchmark + " -x\n");
        }
        assertThat(run(Map.of(), launcher.toString(), "bench", "job").out())
                .isEqualTo("built one: bench job\n");
    }

    @Test
    void preservesArgumentsWhenTheLocaleIsNotInstalled() {
        String text = "caf\u00e9 Z\u00fcrich";
        Distribution.Answer expected =
                run(Map.of("LC_ALL", "C.UTF-8"), launcher(), "encode", text).expect(0);
        Distribution.Answer answer =
                run(Map.of("LC_ALL", "", "LANG", "xx_XX.UTF-8"), launcher(), "encode", text)
                        .expect(0);
        assertThat(answer.out()).isEqualTo(expected.out());
    }

    @Test
    void setsAnInstalledUtf8Locale() throws IOException {
        executable(directory.resolve("jdk/bin/java"), "echo \"$LC_ALL\"");
        Map<String, String> environment = new HashMap<>();
        environment.put("JAVA_HOME", directory.resolve("jdk").toString());
        for (String variable : List.of("LANG", "LC_CTYPE", "LC_TIME", "LC_ALL")) {
            environment.putAll(Map.of("LANG", "C.UTF-8", "LC_ALL", ""));
            environment.put(variable, "xx_XX.UTF-8");
            assertThat(run(environment, launcher()).expect(0).out())
                    .as(variable)
                    .matches("(?i)(C|en_US)\\.utf-?8\n");
        }
    }

    @Test
    void passesLocaleHomeDirectoryAndUserOptionsToJava() throws IOException {
        // a script in place of Java that prints its arguments
        Path java = directory.resolve("jdk/bin/java");
        executable(
                java,
                "printf '%s\\n' \"$@\" \"$ORT_DISABLE_TELEMETRY $OPT_OUT_TRACKING $RUST_FLAVOR\"");
        Map<String, String> environment =
                Map.of(
                        "JAVA_HOME",
                        directory.resolve("jdk").toString(),
                        "HOME",
                        directory.resolve("a home").toString(),
                        "FLINK_SPLADE_JAVA_OPTS",
                        "-Xmx1g -Dx=y");
        List<String> lines = run(environment, launcher(), "a b").expect(0).out().lines().toList();
        assertThat(lines)
                .contains("-Duser.language=en", "-Duser.country=", "1 true cpu")
                .contains("-Duser.home=" + directory.resolve("a home"))
                .contains("-Xmx1g", "-Dx=y")
                .containsSubsequence(List.of(Main.class.getName(), "a b"));
    }

    @Test
    void homeOverridesTheUserDatabase() {
        Map<String, String> environment =
                Map.of("HOME", directory.resolve("home").toString(), "XDG_CACHE_HOME", "");
        run(environment, launcher(), "encode", "a car").expect(0);
        assertThat(directory.resolve("home/.cache/flink-splade")).isDirectory();
    }

    private static String launcher() {
        return Distribution.home().resolve("bin/flink-splade").toString();
    }

    /** A link to the file through another link in another folder. */
    private Path chain(Path file) throws IOException {
        Path links = Files.createDirectories(directory.resolve("links/deep"));
        Path first =
                Files.createSymbolicLink(
                        links.resolveSibling("first"), links.getParent().relativize(file));
        return Files.createSymbolicLink(links.resolve("second"), links.relativize(first));
    }

    private static void executable(Path file, String script) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Distribution.Answer run(Map<String, String> environment, String... command) {
        return Distribution.execute(directory, "", environment, new ArrayList<>(List.of(command)));
    }
}
