package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.flink.metrics.MetricGroup;

/**
 * The engines of this process: one for each model and its options, shared by all subtasks that use
 * it, opened for the first and closed after the last.
 */
final class EngineRegistry {

    /** The only static state of this module. Guarded by itself. */
    private static final Map<EncoderFactory, Entry> ENTRIES = new HashMap<>();

    private EngineRegistry() {}

    /** An engine that may not be open yet. */
    private static final class Entry {
        /** Locked while the engine is opened or closed; never within {@code ENTRIES}. */
        final ReentrantLock lock = new ReentrantLock();

        /** Guarded by {@code ENTRIES}. */
        int users;

        /** Guarded by {@code lock}. */
        SharedEngine engine;
    }

    private static final class SharedEngine {
        final SpladeEncoder encoder;
        final MicroBatcher batcher;
        private final EngineMetrics metrics = new EngineMetrics();

        /** Users with metric groups, of which the first reports. Guarded by the entry's lock. */
        private final Map<Lease, MetricGroup> reporters = new LinkedHashMap<>();

        private long reportedTokens;
        private long reportedPaddedTokens;

        SharedEngine(SpladeEncoder encoder) {
            this.encoder = encoder;
            this.batcher = new MicroBatcher(encoder, metrics);
        }

        synchronized EngineUsage drainUsage() {
            MicroBatcher.Stats stats = batcher.stats();
            EngineUsage usage =
                    new EngineUsage(
                            stats.tokens() - reportedTokens,
                            stats.paddedTokens() - reportedPaddedTokens);
            reportedTokens = stats.tokens();
            reportedPaddedTokens = stats.paddedTokens();
            return usage;
        }

        void addReporter(Lease lease, MetricGroup operator) {
            if (reporters.isEmpty()) {
                metrics.register(operator, encoder, batcher);
            }
            reporters.put(lease, operator);
        }

        /** Flink removes the metrics of a task that ends, so another one registers them. */
        void removeReporter(Lease lease) {
            boolean reports = !reporters.isEmpty() && firstReporter() == lease;
            reporters.remove(lease);
            if (reports && !reporters.isEmpty()) {
                metrics.register(reporters.get(firstReporter()), encoder, batcher);
            }
        }

        private Lease firstReporter() {
            return reporters.keySet().iterator().next();
        }

        void close() {
            batcher.close();
            encoder.close();
        }
    }

    /** Keeps an engine open until it is closed. Must not be closed twice. */
    static final class Lease implements AutoCloseable {
        private final EncoderFactory factory;
        private final Entry entry;
        private final SharedEngine engine;

        private Lease(EncoderFactory factory, Entry entry, SharedEngine engine) {
            this.factory = factory;
            this.entry = entry;
            this.engine = engine;
        }

        SpladeEncoder encoder() {
            return engine.encoder;
        }

        MicroBatcher batcher() {
            return engine.batcher;
        }

        /** What the engine has processed since the last call by any user. */
        EngineUsage drainUsage() {
            return engine.drainUsage();
        }

        /**
         * Reports the metrics of the engine, unless another user does. If that one closes first,
         * this one takes over.
         *
         * @param operator the group of the operator
         */
        void report(MetricGroup operator) {
            entry.lock.lock();
            try {
                engine.addReporter(this, operator);
            } finally {
                entry.lock.unlock();
            }
        }

        @Override
        public void close() {
            entry.lock.lock();
            try {
                engine.removeReporter(this);
                release(factory, entry);
            } finally {
                entry.lock.unlock();
            }
        }
    }

    /**
     * Acquires the engine of a factory. Waits while another user opens it.
     *
     * @throws InterruptedException if interrupted while waiting
     */
    static Lease acquire(EncoderFactory factory) throws InterruptedException {
        Entry entry;
        synchronized (ENTRIES) {
            entry = ENTRIES.computeIfAbsent(factory, unused -> new Entry());
            entry.users++;
        }
        boolean acquired = false;
        try {
            entry.lock.lockInterruptibly();
            try {
                if (entry.engine == null) {
                    entry.engine = open(factory);
                }
                acquired = true;
                return new Lease(factory, entry, entry.engine);
            } finally {
                entry.lock.unlock();
            }
        } finally {
            if (!acquired) {
                entry.lock.lock();
                try {
                    release(factory, entry);
                } finally {
                    entry.lock.unlock();
                }
            }
        }
    }

    private static SharedEngine open(EncoderFactory factory) {
        SpladeEncoder encoder = factory.open();
        try {
            return new SharedEngine(encoder);
        } catch (RuntimeException | Error e) {
            encoder.close();
            throw e;
        }
    }

    /** Removes a user. The caller must hold the entry's lock. */
    private static void release(EncoderFactory factory, Entry entry) {
        boolean last;
        synchronized (ENTRIES) {
            last = --entry.users == 0;
        }
        if (!last) {
            return;
        }
        try {
            if (entry.engine != null) {
                entry.engine.close();
            }
        } finally {
            entry.engine = null;
            // a user who arrived meanwhile waits for the lock, and opens the engine again
            synchronized (ENTRIES) {
                if (entry.users == 0) {
                    ENTRIES.remove(factory, entry);
                }
            }
        }
    }

    /** The number of engines that are open, opening or closing, for tests. */
    static int size() {
        synchronized (ENTRIES) {
            return ENTRIES.size();
        }
    }
}
