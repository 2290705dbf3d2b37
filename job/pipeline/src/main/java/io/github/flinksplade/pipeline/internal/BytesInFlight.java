package io.github.flinksplade.pipeline.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds the bytes that wait in an ordered queue. What enters leaves in the same order: an entry
 * that is done keeps its bytes until all before it are done too, as it keeps its memory.
 */
final class BytesInFlight {

    private final long bound;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    // guarded by lock
    private final Deque<Entry> entries = new ArrayDeque<>();
    private long bytes;

    BytesInFlight(long bound) {
        this.bound = bound;
    }

    /** One entry of the queue; may be done by any thread. */
    final class Entry {
        private final long size;
        private boolean done;

        private Entry(long size) {
            this.size = size;
        }

        void done() {
            lock.lock();
            try {
                done = true;
                while (!entries.isEmpty() && entries.peekFirst().done) {
                    bytes -= entries.removeFirst().size;
                }
                freed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Waits until there is room for so many bytes; more than the bound find it alone. */
    Entry enter(long size) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!entries.isEmpty() && bytes + size > bound) {
                freed.await();
            }
            Entry entry = new Entry(size);
            entries.addLast(entry);
            bytes += size;
            return entry;
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }
}
