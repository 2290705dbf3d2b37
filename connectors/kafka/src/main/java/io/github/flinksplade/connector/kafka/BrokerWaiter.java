package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for unavailable brokers while a job reads from them, and logs it. */
final class BrokerWaiter {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerWaiter.class);

    private static final long RETRY_INTERVAL_MILLIS = 1_000;
    private static final long LOG_INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final KafkaSettings settings;
    private boolean isWaiting;
    private long lastLoggedAt;

    BrokerWaiter(KafkaSettings settings) {
        this.settings = settings;
    }

    /**
     * Retries until an attempt succeeds, however long it takes. Blocks the thread.
     *
     * @param doing what is attempted, such as "looking up topic 'x'"
     * @throws ConnectorException if a retry cannot succeed, or the thread is interrupted
     */
    <T> T await(String doing, Callable<T> attempt) {
        while (true) {
            try {
                T result = attempt.call();
                brokersAvailable();
                return result;
            } catch (InterruptedException e) {
                throw interrupted(doing, e);
            } catch (Exception e) {
                if (!KafkaFailureClassifier.isTransient(e)) {
                    throw e instanceof ConnectorException known
                            ? known
                            : KafkaFailureClassifier.explain(settings, doing, e);
                }
                brokersUnavailable(doing, e);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(RETRY_INTERVAL_MILLIS);
            } catch (InterruptedException e) {
                throw interrupted(doing, e);
            }
        }
    }

    /** Logs that the brokers are unavailable: immediately, then every minute. */
    void brokersUnavailable(String doing, Throwable failure) {
        long now = System.nanoTime();
        if (!isWaiting || now - lastLoggedAt > LOG_INTERVAL_NANOS) {
            isWaiting = true;
            lastLoggedAt = now;
            LOG.warn(
                    "Waiting: {}",
                    KafkaFailureClassifier.explain(settings, doing, failure).getMessage());
        }
    }

    /** Logs that the brokers are available again, if they were not. */
    void brokersAvailable() {
        if (isWaiting) {
            isWaiting = false;
            LOG.warn("Kafka at {} is available again.", settings.servers());
        }
    }

    private ConnectorException interrupted(String doing, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ConnectorException(
                "interrupted while " + doing + " at " + settings.servers(), e);
    }
}
