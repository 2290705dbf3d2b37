package io.github.flinksplade.connector.qdrant;

import static io.qdrant.client.ConditionFactory.filter;
import static io.qdrant.client.ConditionFactory.hasId;
import static io.qdrant.client.ConditionFactory.match;
import static io.qdrant.client.ConditionFactory.range;
import static io.qdrant.client.ValueFactory.value;

import io.github.flinksplade.connector.VectorRecord;
import io.qdrant.client.grpc.Common.Condition;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.Common.Range;
import io.qdrant.client.grpc.JsonWithInt.Struct;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.NamedVectors;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.SparseVector;
import io.qdrant.client.grpc.Points.Vector;
import io.qdrant.client.grpc.Points.Vectors;

/** Converts records to changes of points. */
final class QdrantRequestFactory {

    /**
     * The record's order in two halves, each of which is exact as a double: the server compares
     * ranges as doubles, which would round an order of 2^53 and above.
     */
    static final String ORDER_HIGH = "order_high";

    static final String ORDER_LOW = "order_low";

    static final String VERSION = "version";

    /** A tombstone has it. */
    static final String DELETED = "deleted";

    private static final String HIGH_PATH = QdrantPayload.META + "." + ORDER_HIGH;
    private static final String LOW_PATH = QdrantPayload.META + "." + ORDER_LOW;
    private static final long LOW_BITS = (1L << 32) - 1;

    private final QdrantSettings settings;

    QdrantRequestFactory(QdrantSettings settings) {
        this.settings = settings;
    }

    /** The payload fields that conditions read. */
    static String[] orderPaths() {
        return new String[] {HIGH_PATH, LOW_PATH};
    }

    /** Why Qdrant would reject the record, or null. */
    String rejection(VectorRecord record) {
        if (!isUnicode(record.id())) {
            return "the id contains an unpaired surrogate, which Qdrant does not support. Use an id"
                    + " that is valid Unicode";
        }
        if (record.isDelete()) {
            return null;
        }
        if (QdrantPayload.isTooDeep(record.fields())) {
            return "its fields are nested deeper than the "
                    + QdrantPayload.MAX_LEVELS
                    + " levels that Qdrant supports. Flatten them, or omit them with fields=";
        }
        if (settings.fields.contains(QdrantPayload.META)
                && record.fields().contains('"' + QdrantPayload.META + '"')
                && QdrantPayload.read(record.fields(), settings.fields)
                        .containsFields(QdrantPayload.META)) {
            return "it has a field named "
                    + QdrantPayload.META
                    + ", the key of id and version in the payload. Rename it";
        }
        return null;
    }

    private static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF);
    }

    QdrantChange change(VectorRecord record) {
        PointId id = QdrantPointIds.of(record.id());
        if (!record.isDelete()) {
            return new QdrantChange(
                    point(id, payload(record), vectors(record)), notNewer(id, record.order()));
        }
        if (record.version() == VectorRecord.NO_VERSION) {
            return new QdrantChange(null, hasId(id));
        }
        PointStruct tombstone =
                settings.tombstones
                        ? point(
                                id,
                                Struct.newBuilder()
                                        .putFields(
                                                QdrantPayload.META,
                                                Value.newBuilder()
                                                        .setStructValue(
                                                                meta(record)
                                                                        .putFields(
                                                                                DELETED,
                                                                                value(true)))
                                                        .build()),
                                NamedVectors.getDefaultInstance())
                        : null;
        return new QdrantChange(tombstone, notNewer(id, record.order()));
    }

    /** Vectors are required, even if empty: qdrant/qdrant, lib/api/src/grpc/conversions.rs. */
    private static PointStruct point(PointId id, Struct.Builder payload, NamedVectors vectors) {
        return PointStruct.newBuilder()
                .setId(id)
                .putAllPayload(payload.getFieldsMap())
                .setVectors(Vectors.newBuilder().setVectors(vectors))
                .build();
    }

    private Struct.Builder payload(VectorRecord record) {
        Struct.Builder payload = QdrantPayload.read(record.fields(), settings.fields.of(record));
        if (settings.text && record.text() != null) {
            payload.putFields(QdrantPayload.TEXT, value(record.text()));
        }
        Struct.Builder meta =
                meta(record)
                        .putFields(
                                QdrantPayload.FIELD_VALUES,
                                QdrantPayload.values(record.fields(), settings.fields.of(record)))
                        .putFields("tokens", value(record.tokens()))
                        .putFields("truncated", value(record.truncated()));
        return payload.putFields(
                QdrantPayload.META, Value.newBuilder().setStructValue(meta).build());
    }

    private static Struct.Builder meta(VectorRecord record) {
        return Struct.newBuilder()
                .putFields(QdrantPayload.ID, value(record.id()))
                .putFields(VERSION, value(record.version()))
                .putFields(ORDER_HIGH, value(record.order() >>> 32))
                .putFields(ORDER_LOW, value(record.order() & LOW_BITS));
    }

    /** A document without terms is a point without a vector, which no query finds. */
    private NamedVectors vectors(VectorRecord record) {
        if (record.vector().indices().length == 0) {
            return NamedVectors.getDefaultInstance();
        }
        SparseVector.Builder sparse = SparseVector.newBuilder();
        for (int i = 0; i < record.vector().indices().length; i++) {
            sparse.addIndices(record.vector().indices()[i]).addValues(record.vector().values()[i]);
        }
        return NamedVectors.newBuilder()
                .putVectors(settings.vector, Vector.newBuilder().setSparse(sparse).build())
                .build();
    }

    /** Matches the point with this id if its order is this one or lower. */
    private static Condition notNewer(PointId id, long order) {
        long high = order >>> 32;
        long low = order & LOW_BITS;
        return filter(
                Filter.newBuilder()
                        .addMust(hasId(id))
                        .addShould(range(HIGH_PATH, Range.newBuilder().setLt(high).build()))
                        .addShould(
                                filter(
                                        Filter.newBuilder()
                                                .addMust(match(HIGH_PATH, high))
                                                .addMust(
                                                        range(
                                                                LOW_PATH,
                                                                Range.newBuilder()
                                                                        .setLte(low)
                                                                        .build()))
                                                .build()))
                        .build());
    }
}
