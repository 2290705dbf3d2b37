package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.VectorSource;

/**
 * Kafka topics: {@code kafka://broker:9092[,broker:9092]/topic?option=value}. Documents are read at
 * {@code read_committed}; vectors and dead letters are written exactly once, in transactions that
 * commit with the job's checkpoints.
 *
 * <p>Options of a source:
 *
 * <ul>
 *   <li>{@code group}: consumer group, {@code flink-splade} by default. Offsets are committed with
 *       each checkpoint for monitoring; the job itself resumes from its own state.
 *   <li>{@code format}: {@code json} (default, one JSON object a record) or {@code text} (the value
 *       is the text, the key the id).
 *   <li>{@code start}: where a job without state starts: {@code earliest} (default), {@code latest}
 *       or {@code committed} (the group's offsets, or the topic's beginning without one). A job
 *       with state continues from its own positions.
 *   <li>{@code key}: {@code string} (default, the key is the id) or {@code json}, as Debezium and
 *       Kafka Connect write keys; {@code id}: {@code key} takes the id from the key even where the
 *       value has one, {@code key:/POINTER} from that place of a key that is JSON.
 *   <li>{@code bounded}: {@code true} ends the job at the offsets that the topic has when it
 *       starts; {@code false} by default.
 * </ul>
 *
 * <p>Options of a target:
 *
 * <ul>
 *   <li>{@code format}: {@code indices} (default) or {@code lucene}, the forms that {@link
 *       io.github.flinksplade.connector.VectorJson} writes; {@code avro} or {@code protobuf}, by
 *       the schemas {@code sparse_vector.avsc} and {@code sparse_vector.proto} beside this class. A
 *       delete is a tombstone: the key and no value.
 *   <li>{@code registry}: the URL of a schema registry, for {@code avro} and {@code protobuf}. The
 *       schema is registered at start-up under {@code <topic>-value}, and the values are in
 *       Confluent's wire format. Without it they are plain, and the header {@code
 *       flink-splade.schema} names the schema. Its login is the property {@code registry.username}
 *       and {@code registry.password}, or {@code registry.token}.
 *   <li>{@code text}: {@code true} writes the text too; {@code false} by default.
 * </ul>
 *
 * <p>Options of targets and dead letters:
 *
 * <ul>
 *   <li>{@code delivery}: {@code exactly-once} (default) or {@code at-least-once}.
 *   <li>{@code transaction-timeout}: how long the broker keeps a transaction of a job that is down,
 *       such as {@code 10min}; 15 minutes by default. Above the broker's {@code
 *       transaction.max.timeout.ms} it is refused. What a checkpoint wrote and did not commit is
 *       lost when the job stays down longer than this.
 *   <li>{@code transactional-id-prefix}: {@code flink-splade} by default. Two jobs that write to
 *       one topic need different ones.
 *   <li>{@code partitions}: partitions of a topic that has to be created; the broker's own default
 *       otherwise.
 * </ul>
 *
 * <p>All take {@code properties}, the path of a file with ordinary Kafka properties (SASL, TLS,
 * tuning). Properties of the configuration win over the file, the options here over both.
 */
public final class KafkaConnector implements Connector {

    static final String SCHEME = "kafka";

    @Override
    public String scheme() {
        return SCHEME;
    }

    @Override
    public String usage() {
        return "kafka://broker:9092/topic?group=flink-splade reads documents; as a target or for"
                + " dead letters it writes to the topic exactly once";
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
    public VectorSource vectors(ConnectorUri uri) {
        return KafkaVectors.of(uri);
    }

    @Override
    public DeadLetterQueue deadLetters(ConnectorUri uri) {
        return KafkaDeadLetters.of(uri);
    }

    @Override
    public String explain(Throwable failure) {
        return KafkaFailureClassifier.explain(failure);
    }
}
