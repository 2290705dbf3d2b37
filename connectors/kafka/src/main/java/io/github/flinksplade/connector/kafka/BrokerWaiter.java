package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for brokers that are unavailable while a job reads from them, and logs that it does. */
final class BrokerWaiter {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerWaiter.class);

    private static final long PAUSE_MILLIS = 1_000;
    private static final long REPEAT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final KafkaSettings settings;
    private boolean waiting;
    private long loggedAt;

    BrokerWaiter(KafkaSettings settings) {
        this.settings = settings;
    }

    /**
     * The first answer, however long it takes. Blocks its thread.
     *
     * @param doing what is done, as in "while looking up topic 'x'"
     * @throws ConnectorException when waiting cannot help, or the thread is interrupted
     */
    <T> T await(String doing, Callable<T> attempt) {
        while (true) {
            try {
                T answer = attempt.call();
                answered();
                return answer;
            } catch (InterruptedException e) {
                throw interrupted(doing, e);
            } catch (Exception e) {
                if (!KafkaFailureClassifier.isTransient(e)) {
                    throw e instanceof ConnectorException known
                            ? known
                            : KafkaFailureClassifier.explain(settings, doing, e);
                }
                unanswered(doing, e);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                throw interrupted(doing, e);
            }
        }
    }

    /** Logs that the brokers are unavailable: at once, then every minute. */
    void unanswered(String doing, Throwable failure) {
        long now = System.nanoTime();
        if (!waiting || now - loggedAt > REPEAT_NANOS) {
            waiting = true;
            loggedAt = now;
            LOG.warn(
                    "Waiting: {}",
                    KafkaFailureClassifier.explain(settings, doing, failure).getMessage());
        }
    }

    /** Logs that the brokers are available again, if that was not so. */
    void answered() {
        if (waiting) {
            waiting = false;
            LOG.warn("Kafka at {} is available again.", settings.servers());
        }
    }

    private ConnectorException interrupted(String doing, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ConnectorException(
                "interrupted while " + doing + " at " + settings.servers(), e);
    }
}
