package io.github.flinksplade.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * A sample of what this process has used so far.
 *
 * @param wallNanos {@link System#nanoTime}
 * @param cpuNanos CPU time of the whole process
 * @param threadNanos CPU time of the live threads, by stage
 * @param allocatedBytes heap that the live threads have allocated
 * @param collectionMillis time of garbage collections
 */
record ProcessUsage(
        long wallNanos,
        long cpuNanos,
        Map<Stage, Long> threadNanos,
        long allocatedBytes,
        long collectionMillis) {

    /** The stage of the job that a thread runs, according to its name. */
    enum Stage {
        CONSUMER("Kafka consumer", "Source Data Fetcher", "kafka-coordinator-heartbeat"),
        PARSE("read and parse", "Source: "),
        CHANGE_DETECTOR("detect changes", "change-detector"),
        TOKENIZER("tokenize", "splade-tokenizer-"),
        ENGINE("engine", "splade-encoder-"),
        SEQUENCER("sequence and write", "sequencer", "check-", "sink-"),
        PRODUCER("Kafka producer", "kafka-producer-network-thread"),
        OTHER_THREADS("other Java threads", ""),
        /** The rest of the process: its CPU time less that of the threads. */
        NATIVE("GC, JIT compiler, native");

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
                    .orElse(OTHER_THREADS);
        }
    }

    static ProcessUsage now() {
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
        return new ProcessUsage(
                System.nanoTime(),
                system.getProcessCpuTime(),
                byStage,
                Arrays.stream(threads.getThreadAllocatedBytes(ids)).filter(b -> b > 0).sum(),
                ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                        .sum());
    }

    /**
     * CPU time between an earlier sample and this one, in nanoseconds. The sum is that of the
     * process, apart from the resolution of the clock.
     */
    Map<Stage, Long> since(ProcessUsage before) {
        Map<Stage, Long> used = new EnumMap<>(Stage.class);
        long rest = cpuNanos - before.cpuNanos;
        for (Stage stage : Stage.values()) {
            if (stage != Stage.NATIVE) {
                long nanos =
                        Math.max(
                                0,
                                threadNanos.getOrDefault(stage, 0L)
                                        - before.threadNanos.getOrDefault(stage, 0L));
                used.put(stage, nanos);
                rest -= nanos;
            }
        }
        used.put(Stage.NATIVE, Math.max(0, rest));
        return used;
    }
}
