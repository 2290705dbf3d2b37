package io.github.flinksplade.connector.lucene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/** Runs the parts of a task on the calling thread and on idle threads of the common pool. */
final class Parallel {

    private Parallel() {}

    /** What one thread does with the parts that it takes, in ascending order. */
    @FunctionalInterface
    interface Worker {
        void work(int part) throws IOException;
    }

    /** Creates the worker of a thread. */
    @FunctionalInterface
    interface WorkerFactory {
        Worker create() throws IOException;
    }

    /**
     * Returns when all parts are complete.
     *
     * @param parts how many there are
     * @throws IOException the first failure of a worker
     */
    static void run(int parts, WorkerFactory workers) throws IOException {
        int threads = Math.min(parts, ForkJoinPool.getCommonPoolParallelism() + 1);
        AtomicInteger next = new AtomicInteger();
        if (threads <= 1) {
            work(workers, next, parts);
            return;
        }
        try {
            IntStream.range(0, threads)
                    .parallel()
                    .forEach(
                            thread -> {
                                try {
                                    work(workers, next, parts);
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void work(WorkerFactory workers, AtomicInteger next, int parts)
            throws IOException {
        int part = next.getAndIncrement();
        if (part >= parts) {
            return;
        }
        Worker worker = workers.create();
        for (; part < parts; part = next.getAndIncrement()) {
            worker.work(part);
        }
    }
}
