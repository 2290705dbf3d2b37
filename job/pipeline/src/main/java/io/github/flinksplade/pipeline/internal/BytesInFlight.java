package io.github.flinksplade.pipeline.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits the bytes in an ordered queue. Entries leave it in their order: an entry that is done
 * counts until all entries before it are done, because its memory is in use until then.
 */
final class BytesInFlight {

    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition freed = lock.newCondition();
    // guarded by lock
    private final Deque<Entry> entries = new ArrayDeque<>();
    private long bytes;

    BytesInFlight(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** An entry of the queue; any thread may finish it. */
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

    /** Waits until there is room for an entry; one larger than the max enters an empty queue. */
    Entry enter(long size) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!entries.isEmpty() && bytes + size > maxBytes) {
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
