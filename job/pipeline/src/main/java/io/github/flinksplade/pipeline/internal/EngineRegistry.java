package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The engines of this process: one for each model and its options, shared by all subtasks that name
 * the same, opened for the first and closed with the last.
 */
final class EngineRegistry {

    /** The only state of this module that outlives an operator. Guarded by itself. */
    private static final Map<EncoderFactory, Entry> ENTRIES = new HashMap<>();

    private EngineRegistry() {}

    /** An engine that may not be there yet. */
    private static final class Entry {
        /** Held while the engine is opened or closed, by nobody who holds {@code ENTRIES}. */
        final ReentrantLock lock = new ReentrantLock();

        /** Guarded by {@code ENTRIES}. */
        int users;

        /** Guarded by {@code lock}. */
        SharedEngine engine;
    }

    private static final class SharedEngine {
        final SpladeEncoder encoder;
        final MicroBatcher batcher;
        private long reportedTokens;
        private long reportedPositions;

        SharedEngine(SpladeEncoder encoder) {
            this.encoder = encoder;
            this.batcher = new MicroBatcher(encoder);
        }

        synchronized Work takeWork() {
            MicroBatcher.Stats stats = batcher.stats();
            Work work =
                    new Work(
                            stats.tokens() - reportedTokens,
                            stats.paddedTokens() - reportedPositions);
            reportedTokens = stats.tokens();
            reportedPositions = stats.paddedTokens();
            return work;
        }

        void close() {
            batcher.close();
            encoder.close();
        }
    }

    /** What an engine has done: tokens without and positions with padding. */
    record Work(long tokens, long positions) {
        static final Work NONE = new Work(0, 0);
    }

    /** The right to use an engine until it is closed. Not to be closed twice. */
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

        /** What the engine has done since anybody asked last. */
        Work takeWork() {
            return engine.takeWork();
        }

        @Override
        public void close() {
            entry.lock.lock();
            try {
                release(factory, entry);
            } finally {
                entry.lock.unlock();
            }
        }
    }

    /**
     * An engine of this factory. Waits while another opens it.
     *
     * @throws InterruptedException when interrupted while waiting
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

    /** One user less; the caller holds the entry's lock. */
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
            // whoever has come meanwhile waits for the lock, and will open the engine anew
            synchronized (ENTRIES) {
                if (entry.users == 0) {
                    ENTRIES.remove(factory, entry);
                }
            }
        }
    }

    /** Engines that are open or being opened or closed, for tests. */
    static int size() {
        synchronized (ENTRIES) {
            return ENTRIES.size();
        }
    }
}
