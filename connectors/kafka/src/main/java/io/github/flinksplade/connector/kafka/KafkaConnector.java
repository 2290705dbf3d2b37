package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.JobMetric;
import io.github.flinksplade.connector.PendingCommits;
import io.github.flinksplade.connector.SinkState;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;
import java.util.List;

/**
 * Kafka topics: {@code kafka://broker:9092[,broker:9092]/topic?option=value}. Documents are read
 * with {@code isolation.level=read_committed}; vectors and dead letters are written exactly once,
 * in transactions that are committed with the job's checkpoints.
 *
 * <p>Kafka's own properties (SASL, TLS, tuning) come from the file that the option {@code
 * properties} names and from {@code kafka.properties} of the job file, which takes precedence; the
 * other options take precedence over both.
 */
public final class KafkaConnector implements Connector {

    static final String SCHEME = "kafka";

    @Override
    public String scheme() {
        return SCHEME;
    }

    @Override
    public String usage() {
        return "kafka://broker:9092/topic?group=flink-splade reads documents; as a sink or"
                + " dead-letter queue it writes to the topic exactly once";
    }

    @Override
    public List<ConnectorOption<?>> sourceOptions() {
        return KafkaDocuments.OPTIONS;
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return KafkaVectorSink.OPTIONS;
    }

    @Override
    public List<ConnectorOption<?>> deadLetterOptions() {
        return KafkaProducerSettings.OPTIONS;
    }

    @Override
    public List<JobMetric> metrics() {
        return List.of(TopicSource.REMOVED_UNREAD);
    }

    @Override
    public DocumentSource source(ConnectorUri uri) {
        return KafkaDocuments.of(uri);
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return KafkaVectorSink.of(uri);
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return new KafkaIndexedDocuments(KafkaVectors.of(KafkaVectorSink.settings(uri)));
    }

    @Override
    public VectorSource vectors(ConnectorUri uri) {
        return KafkaVectors.of(uri);
    }

    @Override
    public DeadLetterQueue deadLetters(ConnectorUri uri) {
        return KafkaDeadLetters.of(uri);
    }

    @Override
    public boolean commitsExpire() {
        return true;
    }

    @Override
    public boolean wrote(SinkState state) {
        return PendingTransactions.wrote(state);
    }

    @Override
    public PendingCommits pendingCommits(ConnectorUri uri) {
        return PendingTransactions.of(uri);
    }

    @Override
    public String explain(Throwable failure) {
        return KafkaFailureClassifier.explain(failure);
    }
}
