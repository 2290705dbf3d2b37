package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/** Classifies Kafka's exceptions, and explains them to the user without secrets. */
final class KafkaFailureClassifier {

    private KafkaFailureClassifier() {}

    /**
     * Explains a failure.
     *
     * @param doing what failed, such as "looking up topic 'x'"
     */
    static ConnectorException explain(KafkaSettings settings, String doing, Throwable failure) {
        String sentence = sentence(settings, doing, failure);
        return isTransient(failure)
                ? new UnreachableException(sentence, failure)
                : new ConnectorException(sentence, failure);
    }

    /** A failure of a consumer in a running job, which restarts and then checks its offsets. */
    static RuntimeException whileReading(KafkaSettings settings, RuntimeException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof OffsetOutOfRangeException) {
                return new ConnectorException(
                        "records of topic '"
                                + settings.topic()
                                + "' at "
                                + settings.servers()
                                + " were removed before they were read: the topic's retention is"
                                + " shorter than the job's lag. Reading continues at the"
                                + " earliest offset.",
                        failure);
            }
            if (cause instanceof KafkaException) {
                return explain(settings, "reading topic '" + settings.topic() + "'", cause);
            }
        }
        return failure;
    }

    /** Whether a retry may succeed. */
    static boolean isTransient(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnreachableException) {
                return true;
            }
            if (isUnresolved(cause)) {
                return true;
            }
            if (cause instanceof AuthenticationException || cause instanceof ConfigException) {
                return false;
            }
            if (cause instanceof RetriableException
                    || cause instanceof java.util.concurrent.TimeoutException) {
                return true;
            }
        }
        return false;
    }

    /** Kafka reports unresolved hosts as an invalid property, with this message. */
    private static boolean isUnresolved(Throwable cause) {
        return cause instanceof ConfigException
                && String.valueOf(cause.getMessage()).contains("No resolvable bootstrap urls");
    }

    /**
     * Explains a failure of a producer or consumer that Flink's connector passed on; null for any
     * other failure.
     */
    static String explain(Throwable failure) {
        if (!(failure instanceof KafkaException)) {
            return null;
        }
        if (failure instanceof ProducerFencedException
                || failure instanceof InvalidProducerEpochException) {
            return "another Kafka producer uses the job's transactional ids ("
                    + failure.getMessage()
                    + "). Stop the other job, or set another "
                    + KafkaProducerSettings.TRANSACTIONAL_ID_PREFIX.name()
                    + " for one of them.";
        }
        String message = root(failure);
        return isTransient(failure)
                ? "Kafka did not respond in time ("
                        + message
                        + "). Check that its brokers are running."
                : "Kafka failed: " + message;
    }

    private static String sentence(KafkaSettings settings, String doing, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (message.contains("JAAS")) {
                // Not quoted: Kafka's message contains parts of the property, perhaps the password.
                return "the Kafka property sasl.jaas.config cannot be parsed. Write"
                        + " org.apache.kafka.common.security.plain.PlainLoginModule required"
                        + " username=\"...\" password=\"...\"; with the semicolon, or the login"
                        + " module of your sasl.mechanism.";
            }
            if (cause instanceof UnknownTopicOrPartitionException) {
                return "topic '"
                        + settings.topic()
                        + "' does not exist at "
                        + settings.servers()
                        + ". Create it, or correct "
                        + settings;
            }
            if (isUnresolved(cause)) {
                return "no broker name in "
                        + settings.servers()
                        + " can be resolved. Correct "
                        + settings
                        + ", or check DNS.";
            }
            if (cause instanceof ConfigException) {
                return "the Kafka properties of " + settings + " are invalid: " + message;
            }
            if (cause instanceof SslAuthenticationException) {
                return "TLS with the Kafka broker at "
                        + settings.servers()
                        + " failed ("
                        + root(cause)
                        + "). Check ssl.truststore.location, ssl.keystore.location and that the"
                        + " certificate covers the host name.";
            }
            if (cause instanceof UnsupportedSaslMechanismException) {
                return "the Kafka broker at "
                        + settings.servers()
                        + " does not support this sasl.mechanism: "
                        + message;
            }
            if (cause instanceof AuthenticationException) {
                return "the Kafka broker at "
                        + settings.servers()
                        + " rejected the credentials ("
                        + message
                        + "). Check sasl.mechanism and sasl.jaas.config.";
            }
            if (cause instanceof AuthorizationException) {
                return "the Kafka broker at "
                        + settings.servers()
                        + " denied access while "
                        + doing
                        + " ("
                        + message
                        + "). Grant it with kafka-acls.";
            }
            if (cause instanceof UnsupportedVersionException) {
                return "the Kafka broker at "
                        + settings.servers()
                        + " is too old while "
                        + doing
                        + ": "
                        + message;
            }
            if (cause instanceof TimeoutException
                    || cause instanceof java.util.concurrent.TimeoutException) {
                return settings.servers()
                        + " does not respond like a Kafka broker while "
                        + doing
                        + ". If the broker is running, check the port, "
                        + CommonClientConfigs.SECURITY_PROTOCOL_CONFIG
                        + " (now "
                        + settings.properties()
                                .getProperty(
                                        CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                                        CommonClientConfigs.DEFAULT_SECURITY_PROTOCOL)
                        + "), and that the broker's advertised.listeners are reachable from here.";
            }
        }
        return "Kafka at " + settings.servers() + " failed while " + doing + ": " + root(failure);
    }

    private static String root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
