package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkTarget;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import java.util.Map;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.AbstractRecords;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.RecordBatch;

/** A topic of vectors. */
final class KafkaTarget implements SinkTarget {

    private static final long serialVersionUID = 1L;

    private enum Format {
        HYBRID,
        LUCENE
    }

    private final KafkaAddress address;
    private final KafkaDelivery delivery;
    private final Format format;
    private final boolean withText;

    // What check() learned; it travels with the target to where the records are.
    private TopicLimits limits = TopicLimits.DEFAULT;
    private int maxRecordBytes;
    private VectorRecordSerializer serializer;

    private KafkaTarget(
            KafkaAddress address, KafkaDelivery delivery, Format format, boolean withText) {
        this.address = address;
        this.delivery = delivery;
        this.format = format;
        this.withText = withText;
    }

    static KafkaTarget of(Address address) {
        address.allowOptions(
                "format",
                "text",
                KafkaDelivery.OPTION_DELIVERY,
                KafkaDelivery.OPTION_TRANSACTION_TIMEOUT,
                KafkaDelivery.OPTION_TRANSACTIONAL_ID_PREFIX,
                KafkaDelivery.OPTION_PARTITIONS,
                KafkaAddress.OPTION_PROPERTIES);
        KafkaAddress kafka = KafkaAddress.of(address);
        return new KafkaTarget(
                kafka,
                KafkaDelivery.of(kafka),
                address.choice("format", Format.class, Format.HYBRID),
                address.flag("text", false));
    }

    @Override
    public void check(TargetContext context, boolean restored) {
        delivery.checkProducer();
        try (KafkaCluster cluster = KafkaCluster.connect(address)) {
            if (delivery.exactlyOnce()) {
                cluster.checkTransactionTimeout(delivery.transactionTimeoutMillis());
            }
            cluster.createTopicIfMissing(delivery.partitions(), Map.of());
            limits = cluster.topicLimits();
            Provenance held = cluster.newestProvenance();
            if (held != null) {
                context.requireSameEncoder(
                        held, "topic '" + address.topic() + "'", "write to another topic");
            }
        }
        maxRecordBytes = delivery.maxRecordBytes(limits);
        serializer = serializer(context);
    }

    /**
     * Refuses a record that producer or topic would find too large, which would fail the job again
     * and again. Knows nothing before {@link #check}.
     */
    @Override
    public String rejection(VectorRecord record) {
        if (serializer == null || sizeAtMost(record) <= maxRecordBytes) {
            return null;
        }
        ProducerRecord<byte[], byte[]> serialized = serializer.serialize(record);
        int size = size(serialized);
        if (size <= maxRecordBytes) {
            return null;
        }
        return "with "
                + size
                + " bytes larger than the "
                + maxRecordBytes
                + " that topic '"
                + address.topic()
                + "' and its producer take (max.message.bytes, max.request.size)";
    }

    /** Size as the producer counts it, from the lengths alone: never below the real one. */
    private static long sizeAtMost(VectorRecord record) {
        long characters = record.id().length() * 2L;
        long numbers = 0;
        if (!record.isDelete()) {
            characters += (long) record.text().length() + record.fields().length();
            numbers = record.indices().length;
        }
        // A character is at most 6 bytes, an escape; an index with its weight at most 30; a term
        // is shorter than 100 characters but for the odd vocabulary, hence the generous rest.
        return 8_192 + 6 * characters + 130 * numbers;
    }

    static int size(ProducerRecord<byte[], byte[]> record) {
        return AbstractRecords.estimateSizeInBytesUpperBound(
                RecordBatch.CURRENT_MAGIC_VALUE,
                CompressionType.NONE,
                record.key(),
                record.value(),
                record.headers().toArray());
    }

    @Override
    public Sink<VectorRecord> sink(TargetContext context) {
        return delivery.sink(context.name(), serializer(context), limits);
    }

    private VectorRecordSerializer serializer(TargetContext context) {
        VectorJson.Form form =
                switch (format) {
                    case HYBRID -> VectorJson.Form.HYBRID;
                    case LUCENE -> VectorJson.Form.LUCENE;
                };
        return new VectorRecordSerializer(
                address.topic(),
                context.provenance(),
                new VectorJson(form, withText, context.provenance(), context.vocabulary()));
    }
}
