package io.github.flinksplade.builtin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import javax.management.MBeanOperationInfo;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** The memory of a process that opens and closes the model several times. */
class MemoryITCase {

    private static final int OPENS = 8;

    /** The smallest of so many counts, because the JIT compiler allocates and frees memory. */
    private static final int MEASUREMENTS = 3;

    /** The model allocates about 100 MB; the code cache and metaspace grow by less than 5 MB. */
    private static final long MAX_GROWTH_KB_PER_OPEN = 8 << 10;

    private static final String PREFIX = "resident ";

    /** Main class of the process: prints the resident anonymous memory after each close, in KB. */
    static final class OpenAndClose {

        private OpenAndClose() {}

        public static void main(String[] arguments) throws Exception {
            // a new thread for each: glibc assigns another arena to it, as to the tasks of a job
            ExecutorService threads = Executors.newFixedThreadPool(OPENS);
            for (int i = 0; i < OPENS; i++) {
                threads.submit(OpenAndClose::encode).get();
                System.gc(); // frees direct buffers
                System.out.println(PREFIX + residentKilobytes());
            }
            System.exit(0); // the threads would keep the process alive
        }

        private static void encode() {
            try (SpladeEncoder encoder =
                    SpladeEncoder.open("builtin:minilm", EncoderOptions.defaults())) {
                int terms = encoder.encode("a car on the road", Role.DOCUMENT).vector().size();
                if (terms == 0) {
                    throw new AssertionError("the vector is empty");
                }
            }
        }

        private static long residentKilobytes() throws IOException {
            try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
                return lines.filter(line -> line.startsWith("RssAnon:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElseThrow();
            }
        }
    }

    @Test
    void returnsTheMemoryOfClosedModelsToTheSystem() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "requires /proc, which Linux has");
        assumeTrue(
                canTrimNativeHeap(),
                "requires a JVM with System.trim_native_heap: 17.0.9 or later, with glibc");
        ProcessBuilder process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xms256m",
                                "-Xmx256m",
                                "-XX:+AlwaysPreTouch", // so that the heap does not grow
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                OpenAndClose.class.getName())
                        .redirectErrorStream(true);
        // glibc's own defaults
        process.environment().keySet().removeIf(name -> name.startsWith("MALLOC_"));
        process.environment().keySet().removeAll(List.of("GLIBC_TUNABLES", "LD_PRELOAD"));

        List<Long> resident =
                run(process)
                        .lines()
                        .filter(line -> line.startsWith(PREFIX))
                        .map(line -> Long.valueOf(line.substring(PREFIX.length())))
                        .toList();

        System.out.println("resident anonymous memory after each close, in KB: " + resident);
        assertThat(resident).hasSize(OPENS);
        long first = Collections.min(resident.subList(0, MEASUREMENTS));
        long last = Collections.min(resident.subList(OPENS - MEASUREMENTS, OPENS));
        assertThat(last - first)
                .as("growth of the resident memory after each close, in KB: %s", resident)
                .isLessThan((OPENS - MEASUREMENTS) * MAX_GROWTH_KB_PER_OPEN);
    }

    private static boolean canTrimNativeHeap() throws Exception {
        return Stream.of(
                        ManagementFactory.getPlatformMBeanServer()
                                .getMBeanInfo(
                                        new ObjectName("com.sun.management:type=DiagnosticCommand"))
                                .getOperations())
                .map(MBeanOperationInfo::getName)
                .anyMatch("systemTrimNativeHeap"::equals);
    }

    private static String run(ProcessBuilder builder) throws Exception {
        Path output = Files.createTempFile("memory", ".txt");
        Process process = builder.redirectOutput(output.toFile()).start();
        try {
            assertThat(process.waitFor(5, MINUTES)).as("the process ends").isTrue();
            String lines = Files.readString(output, UTF_8).strip();
            assertThat(process.exitValue()).as(lines).isZero();
            return lines;
        } finally {
            process.destroyForcibly();
            Files.delete(output);
        }
    }
}
