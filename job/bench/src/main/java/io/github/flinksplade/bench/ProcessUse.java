package io.github.flinksplade.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * What this process has used until a moment.
 *
 * @param wallNanos {@link System#nanoTime}
 * @param cpuNanos CPU time of the whole process
 * @param threadNanos CPU time of the threads that live, by what they do
 * @param allocatedBytes heap that the threads that live have taken
 * @param collectionMillis time in garbage collections
 */
record ProcessUse(
        long wallNanos,
        long cpuNanos,
        Map<Stage, Long> threadNanos,
        long allocatedBytes,
        long collectionMillis) {

    /** What a thread of the job does, known by its name. */
    enum Stage {
        CONSUMER("Kafka consumer", "Source Data Fetcher", "kafka-coordinator-heartbeat"),
        PARSE("read and parse", "Source: "),
        CHANGE_DETECTOR("detect changes", "change-detector"),
        TOKENIZER("tokenise", "splade-tokenizer-"),
        ENGINE("engine", "splade-encoder-"),
        SEQUENCER("sequence and write", "sequencer", "check-", "sink-"),
        PRODUCER("Kafka producer", "kafka-producer-network-thread"),
        JAVA("other threads of Java", ""),
        /** What is left of the process: it is not asked of threads. */
        REST("collector, compiler, native");

        final String label;
        private final String[] prefixes;

        Stage(String label, String... prefixes) {
            this.label = label;
            this.prefixes = prefixes;
        }

        static Stage of(String thread) {
            return Arrays.stream(values())
                    .filter(stage -> Arrays.stream(stage.prefixes).anyMatch(thread::startsWith))
                    .findFirst()
                    .orElse(JAVA);
        }
    }

    static ProcessUse now() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long[] ids = threads.getAllThreadIds();
        ThreadInfo[] infos = threads.getThreadInfo(ids);
        long[] cpu = threads.getThreadCpuTime(ids);
        Map<Stage, Long> byStage = new EnumMap<>(Stage.class);
        for (int i = 0; i < ids.length; i++) {
            if (infos[i] != null && cpu[i] > 0) {
                byStage.merge(Stage.of(infos[i].getThreadName()), cpu[i], Long::sum);
            }
        }
        return new ProcessUse(
                System.nanoTime(),
                system.getProcessCpuTime(),
                byStage,
                Arrays.stream(threads.getThreadAllocatedBytes(ids)).filter(b -> b > 0).sum(),
                ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                        .sum());
    }

    /**
     * CPU time from an earlier moment to this one, in nanoseconds. They add up to the process's,
     * but for the clock's grain where that is larger than what is left.
     */
    Map<Stage, Long> since(ProcessUse before) {
        Map<Stage, Long> used = new EnumMap<>(Stage.class);
        long rest = cpuNanos - before.cpuNanos;
        for (Stage stage : Stage.values()) {
            if (stage != Stage.REST) {
                long nanos =
                        Math.max(
                                0,
                                threadNanos.getOrDefault(stage, 0L)
                                        - before.threadNanos.getOrDefault(stage, 0L));
                used.put(stage, nanos);
                rest -= nanos;
            }
        }
        used.put(Stage.REST, Math.max(0, rest));
        return used;
    }
}
