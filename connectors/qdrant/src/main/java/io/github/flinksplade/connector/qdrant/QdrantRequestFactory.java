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

/** Records as changes of points. */
final class QdrantRequestFactory {

    /**
     * The record's order in two halves, each exact as a double: in doubles the server compares
     * ranges, and a whole order of 2^53 and above would come out rounded.
     */
    static final String ORDER_HIGH = "order_high";

    static final String ORDER_LOW = "order_low";

    private static final String HIGH_PATH = QdrantPayload.OURS + "." + ORDER_HIGH;
    private static final String LOW_PATH = QdrantPayload.OURS + "." + ORDER_LOW;
    private static final long LOW_BITS = (1L << 32) - 1;

    private final QdrantSettings settings;

    QdrantRequestFactory(QdrantSettings settings) {
        this.settings = settings;
    }

    /** The paths that the guard's conditions read. */
    static String[] guardPaths() {
        return new String[] {HIGH_PATH, LOW_PATH};
    }

    /** Why the record can never be written, or null. */
    String rejection(VectorRecord record) {
        if (!isUnicode(record.id())) {
            return "the id has half a surrogate pair in it, which Qdrant's strings cannot hold;"
                    + " use an id that is valid Unicode";
        }
        if (record.isDelete()) {
            return null;
        }
        if (QdrantPayload.isTooDeep(record.fields())) {
            return "its fields are nested deeper than the "
                    + QdrantPayload.MOST_LEVELS
                    + " levels that Qdrant reads; flatten them, or leave them out with fields=";
        }
        if ((settings.fields == null || settings.fields.contains(QdrantPayload.OURS))
                && record.fields().contains('"' + QdrantPayload.OURS + '"')
                && QdrantPayload.read(record.fields(), settings.fields)
                        .containsFields(QdrantPayload.OURS)) {
            return "it has a field named "
                    + QdrantPayload.OURS
                    + ", under which id and version stand in the payload; rename it";
        }
        return null;
    }

    private static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> c >= 0xD800 && c <= 0xDFFF);
    }

    QdrantChange change(VectorRecord record) {
        PointId id = PointIds.of(record.id());
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
                                                QdrantPayload.OURS,
                                                Value.newBuilder()
                                                        .setStructValue(
                                                                ours(record)
                                                                        .putFields(
                                                                                "deleted",
                                                                                value(true)))
                                                        .build()),
                                NamedVectors.getDefaultInstance())
                        : null;
        return new QdrantChange(tombstone, notNewer(id, record.order()));
    }

    /** Vectors must be given, if only none: qdrant/qdrant, lib/api/src/grpc/conversions.rs. */
    private static PointStruct point(PointId id, Struct.Builder payload, NamedVectors vectors) {
        return PointStruct.newBuilder()
                .setId(id)
                .putAllPayload(payload.getFieldsMap())
                .setVectors(Vectors.newBuilder().setVectors(vectors))
                .build();
    }

    private Struct.Builder payload(VectorRecord record) {
        Struct.Builder payload = QdrantPayload.read(record.fields(), settings.fields);
        if (settings.text) {
            payload.putFields(QdrantPayload.TEXT, value(record.text()));
        }
        Struct.Builder ours =
                ours(record)
                        .putFields("tokens", value(record.tokens()))
                        .putFields("truncated", value(record.truncated()));
        return payload.putFields(
                QdrantPayload.OURS, Value.newBuilder().setStructValue(ours).build());
    }

    private static Struct.Builder ours(VectorRecord record) {
        return Struct.newBuilder()
                .putFields(QdrantPayload.ID, value(record.id()))
                .putFields("version", value(record.version()))
                .putFields(ORDER_HIGH, value(record.order() >>> 32))
                .putFields(ORDER_LOW, value(record.order() & LOW_BITS));
    }

    /** A document without terms is a point without vector: it is held, but no query finds it. */
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

    /** True of the point with this id if what it holds has this order or a lower one. */
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
