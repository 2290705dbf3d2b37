package io.github.flinksplade.connector.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds a newer Java than that of the tests, for servers and tools that require one. */
public final class InstalledJava {

    private static final List<String> DIRECTORIES =
            List.of(
                    "/usr/lib/jvm",
                    "/usr/java",
                    "/opt/java",
                    "/opt/hostedtoolcache/Java_Temurin-Hotspot_jdk",
                    System.getProperty("user.home") + "/.sdkman/candidates/java",
                    System.getProperty("user.home") + "/.jdks");

    private InstalledJava() {}

    /**
     * The command {@code java} of the newest installed Java.
     *
     * @return null if none has the min version
     */
    public static Path newest(int minVersion) throws IOException {
        List<Path> homes = new ArrayList<>();
        homes.add(Path.of(System.getProperty("java.home")));
        System.getenv()
                .forEach(
                        (name, value) -> {
                            if (name.startsWith("JAVA_HOME") || name.startsWith("JDK_HOME")) {
                                homes.add(Path.of(value));
                            }
                        });
        for (String directory : DIRECTORIES) {
            if (Files.isDirectory(Path.of(directory))) {
                try (Stream<Path> found = Files.list(Path.of(directory))) {
                    found.forEach(homes::add);
                }
            }
        }
        TreeMap<Integer, Path> byVersion = new TreeMap<>();
        for (Path home : homes) {
            Path release = home.resolve("release");
            Path command = home.resolve("bin/java");
            if (Files.isReadable(release) && Files.isExecutable(command)) {
                Matcher version =
                        Pattern.compile("JAVA_VERSION=\"(\\d+)")
                                .matcher(Files.readString(release, UTF_8));
                if (version.find()) {
                    byVersion.put(Integer.valueOf(version.group(1)), command);
                }
            }
        }
        return byVersion.isEmpty() || byVersion.lastKey() < minVersion
                ? null
                : byVersion.lastEntry().getValue();
    }
}
