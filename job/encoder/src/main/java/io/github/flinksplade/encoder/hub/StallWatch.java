package io.github.flinksplade.encoder.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a stream on which nothing arrives for too long: java.net.http has no read timeout. */
final class StallWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StallWatch.class);

    private final AtomicLong lastReadNanos = new AtomicLong(System.nanoTime());
    private final Thread thread;
    private volatile boolean isExpired;

    StallWatch(InputStream stream, Duration timeout) {
        thread = new Thread(() -> watch(stream, timeout), "splade-download-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void watch(InputStream stream, Duration timeout) {
        try {
            long left = timeout.toNanos();
            while (left > 0) {
                Thread.sleep(left / 1_000_000 + 1);
                left = timeout.toNanos() - (System.nanoTime() - lastReadNanos.get());
            }
            isExpired = true;
            stream.close();
        } catch (InterruptedException | IOException e) {
            LOG.trace("the watch ends", e);
        }
    }

    boolean isExpired() {
        return isExpired;
    }

    /** Resets the timeout. */
    void dataArrived() {
        lastReadNanos.set(System.nanoTime());
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
