package io.github.flinksplade.connector.qdrant;

import io.grpc.Status;
import io.qdrant.client.VectorOutputHelper;
import io.qdrant.client.grpc.Collections.Modifier;
import io.qdrant.client.grpc.Collections.SparseVectorParams;
import io.qdrant.client.grpc.Common.Condition;
import io.qdrant.client.grpc.Common.FieldCondition;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.Common.Range;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.NamedVectorsOutput;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScoredPoint;
import io.qdrant.client.grpc.Points.SparseVector;
import io.qdrant.client.grpc.Points.UpsertPoints;
import io.qdrant.client.grpc.Points.Vector;
import io.qdrant.client.grpc.Points.VectorOutput;
import io.qdrant.client.grpc.Points.VectorsOutput;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A collection of the {@link QdrantStandIn}. Its behavior is that of the published definition and
 * the server's source, qdrant/qdrant at v1.18.3; the methods refer to the source files.
 */
final class StandInCollection {

    /** A stored point; the terms of its vectors are in ascending order. */
    private record Point(
            Map<String, Value> payload, Map<String, TreeMap<Integer, Float>> vectors) {}

    final Map<String, SparseVectorParams> vectors;
    final Map<String, Value> metadata = new HashMap<>();
    private final Set<String> indexed = new HashSet<>();
    private final Map<PointId, Point> points = new LinkedHashMap<>();

    StandInCollection(Map<String, SparseVectorParams> vectors) {
        this.vectors = vectors;
    }

    int size() {
        return points.size();
    }

    Set<String> indexed() {
        return indexed;
    }

    void index(String path) {
        indexed.add(path);
    }

    /**
     * lib/shard/src/update.rs, {@code conditional_upsert}: existing points that do not match the
     * filter are removed from the request; the others are upserted, including missing ones. A
     * request is rejected as a whole before any of it is applied.
     */
    void upsert(UpsertPoints request) {
        Map<PointId, Point> incoming = new LinkedHashMap<>();
        for (PointStruct point : request.getPointsList()) {
            incoming.put(id(point.getId()), point(point));
        }
        requireIndexes(request.getUpdateFilter());
        incoming.forEach(
                (id, point) -> {
                    Point stored = points.get(id);
                    if (stored == null
                            || !request.hasUpdateFilter()
                            || matches(request.getUpdateFilter(), id, stored)) {
                        points.put(id, point);
                    }
                });
    }

    void delete(List<PointId> ids) {
        ids.forEach(id -> points.remove(id(id)));
    }

    void delete(Filter filter) {
        requireIndexes(filter);
        points.entrySet().removeIf(point -> matches(filter, point.getKey(), point.getValue()));
    }

    /** lib/api/src/grpc/conversions.rs, {@code TryFrom<PointId>}. */
    private static PointId id(PointId id) {
        return switch (id.getPointIdOptionsCase()) {
            case NUM -> id;
            case UUID -> {
                try {
                    yield PointId.newBuilder()
                            .setUuid(UUID.fromString(id.getUuid()).toString())
                            .build();
                } catch (IllegalArgumentException e) {
                    throw invalid("Unable to parse UUID: " + id.getUuid());
                }
            }
            case POINTIDOPTIONS_NOT_SET -> throw invalid("Empty ID is not allowed");
        };
    }

    private Point point(PointStruct point) {
        // lib/api/src/grpc/conversions.rs, TryFrom<PointStruct>
        if (!point.hasVectors()) {
            throw invalid("Expected some vectors");
        }
        point.getPayloadMap().values().forEach(StandInCollection::requireJson);
        Map<String, TreeMap<Integer, Float>> named = new HashMap<>();
        for (Map.Entry<String, Vector> vector :
                point.getVectors().getVectors().getVectorsMap().entrySet()) {
            // lib/segment/src/common/operation_error.rs
            if (!vectors.containsKey(vector.getKey())) {
                throw invalid("Wrong input: Not existing vector name error: " + vector.getKey());
            }
            named.put(vector.getKey(), terms(vector.getValue().getSparse()));
        }
        return new Point(point.getPayloadMap(), named);
    }

    /** lib/sparse/src/common/sparse_vector.rs, {@code validate_sparse_vector_impl}. */
    private static TreeMap<Integer, Float> terms(SparseVector sparse) {
        if (sparse.getIndicesCount() != sparse.getValuesCount()) {
            throw invalid("values: must be the same length as indices");
        }
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int i = 0; i < sparse.getIndicesCount(); i++) {
            if (terms.put(sparse.getIndices(i), sparse.getValues(i)) != null) {
                throw invalid("indices: must be unique");
            }
        }
        return terms;
    }

    /** lib/api/src/conversions/json.rs, {@code proto_to_json}: no NaN, no infinity. */
    private static void requireJson(Value value) {
        switch (value.getKindCase()) {
            case DOUBLE_VALUE -> {
                if (!Double.isFinite(value.getDoubleValue())) {
                    throw invalid("cannot convert to json number");
                }
            }
            case LIST_VALUE ->
                    value.getListValue().getValuesList().forEach(StandInCollection::requireJson);
            case STRUCT_VALUE ->
                    value.getStructValue()
                            .getFieldsMap()
                            .values()
                            .forEach(StandInCollection::requireJson);
            case NULL_VALUE, INTEGER_VALUE, STRING_VALUE, BOOL_VALUE, KIND_NOT_SET -> {}
        }
    }

    // ---- filters: lib/segment/src/payload_storage/query_checker.rs and condition_checker.rs

    private static boolean matches(Filter filter, PointId id, Point point) {
        return (filter.getShouldCount() == 0
                        || filter.getShouldList().stream().anyMatch(c -> matches(c, id, point)))
                && filter.getMustList().stream().allMatch(c -> matches(c, id, point))
                && filter.getMustNotList().stream().noneMatch(c -> matches(c, id, point));
    }

    private static boolean matches(Condition condition, PointId id, Point point) {
        return switch (condition.getConditionOneOfCase()) {
            case HAS_ID -> condition.getHasId().getHasIdList().contains(id);
            case FILTER -> matches(condition.getFilter(), id, point);
            case FIELD -> matches(condition.getField(), point);
            case IS_EMPTY, IS_NULL, NESTED, HAS_VECTOR, CONDITIONONEOF_NOT_SET ->
                    throw unimplemented(condition.getConditionOneOfCase());
        };
    }

    private static boolean matches(FieldCondition field, Point point) {
        Map<String, Value> level = point.payload();
        Value value = null;
        for (String name : field.getKey().split("\\.")) {
            value = level.get(name);
            level = value == null ? Map.of() : value.getStructValue().getFieldsMap();
        }
        if (value == null) {
            return false;
        }
        if (field.getMatch().hasKeywords()) {
            // a list matches if one of its elements does
            List<Value> elements =
                    value.hasListValue() ? value.getListValue().getValuesList() : List.of(value);
            return elements.stream()
                    .filter(Value::hasStringValue)
                    .map(Value::getStringValue)
                    .anyMatch(field.getMatch().getKeywords().getStringsList()::contains);
        }
        if (field.hasRange()) {
            return matches(field.getRange(), value);
        }
        if (field.getMatch().hasInteger()) {
            return value.hasIntegerValue()
                    && value.getIntegerValue() == field.getMatch().getInteger();
        }
        throw unimplemented(field);
    }

    /** {@code impl ValueChecker for Range<OrderedFloat<FloatPayloadType>>}: as doubles. */
    private static boolean matches(Range range, Value value) {
        if (!value.hasIntegerValue() && !value.hasDoubleValue()) {
            return false;
        }
        double number = value.hasIntegerValue() ? value.getIntegerValue() : value.getDoubleValue();
        return (!range.hasLt() || number < range.getLt())
                && (!range.hasLte() || number <= range.getLte())
                && (!range.hasGt() || number > range.getGt())
                && (!range.hasGte() || number >= range.getGte());
    }

    /**
     * lib/collection/src/operations/verification/mod.rs: the strict mode requires indexes for the
     * filters of writes ({@code unindexed_filtering_update: false}). It is on here.
     */
    private void requireIndexes(Filter filter) {
        List<Condition> all = new ArrayList<>(filter.getShouldList());
        all.addAll(filter.getMustList());
        all.addAll(filter.getMustNotList());
        for (Condition condition : all) {
            if (condition.hasFilter()) {
                requireIndexes(condition.getFilter());
            } else if (condition.hasField() && !indexed.contains(condition.getField().getKey())) {
                throw invalid(
                        "Index required but not found for \""
                                + condition.getField().getKey()
                                + "\" of one of the following types");
            }
        }
    }

    // ---- search

    /**
     * The points that share a term with the query, highest score first. Scores are summed in floats
     * by ascending term (lib/sparse/src/common/sparse_vector.rs, {@code score_vectors}). The order
     * of equal scores is not specified; here the newest point comes first.
     */
    List<ScoredPoint> query(QueryPoints request) {
        SparseVectorParams params = vectors.get(request.getUsing());
        if (params == null) {
            throw invalid("Wrong input: Not existing vector name error: " + request.getUsing());
        }
        if (!request.getQuery().getNearest().hasSparse()) {
            throw unimplemented(request.getQuery());
        }
        TreeMap<Integer, Float> query = terms(request.getQuery().getNearest().getSparse());
        if (params.getModifier() == Modifier.Idf) {
            query.replaceAll((term, weight) -> weight * idf(request.getUsing(), term));
        }
        requireIndexes(request.getFilter());
        List<ScoredPoint> found = new ArrayList<>();
        points.forEach(
                (id, point) -> {
                    TreeMap<Integer, Float> vector = point.vectors().get(request.getUsing());
                    if (vector != null
                            && matches(request.getFilter(), id, point)
                            && vector.keySet().stream().anyMatch(query::containsKey)) {
                        float score = 0;
                        for (Map.Entry<Integer, Float> term : query.entrySet()) {
                            Float weight = vector.get(term.getKey());
                            score += weight == null ? 0 : term.getValue() * weight;
                        }
                        ScoredPoint.Builder scored =
                                ScoredPoint.newBuilder().setId(id).setScore(score);
                        if (request.getWithPayload().getEnable()) {
                            scored.putAllPayload(point.payload());
                        }
                        if (request.hasWithVectors()) {
                            scored.setVectors(output(point));
                        }
                        found.add(scored.build());
                    }
                });
        java.util.Collections.reverse(found);
        found.sort(Comparator.comparing(point -> -point.getScore()));
        return found.subList(0, (int) Math.min(found.size(), request.getLimit()));
    }

    /**
     * lib/segment/src/data_types/query_context.rs, {@code fancy_idf}, in floats; N is the number of
     * vectors that are not empty (lib/sparse, {@code InvertedIndexRam::vector_count}).
     */
    private float idf(String name, int term) {
        float n = points.values().stream().filter(p -> p.vectors().containsKey(name)).count();
        float df =
                points.values().stream()
                        .filter(
                                p ->
                                        p.vectors().containsKey(name)
                                                && p.vectors().get(name).containsKey(term))
                        .count();
        return (float) Math.log((n - df + 0.5f) / (df + 0.5f) + 1f);
    }

    /** A page of points from a position on, with payloads and vectors. */
    List<RetrievedPoint> scroll(int from, int count) {
        return points.entrySet().stream()
                .skip(from)
                .limit(count)
                .map(
                        entry ->
                                RetrievedPoint.newBuilder()
                                        .setId(entry.getKey())
                                        .putAllPayload(entry.getValue().payload())
                                        .setVectors(output(entry.getValue()))
                                        .build())
                .toList();
    }

    int position(PointId id) {
        return new ArrayList<>(points.keySet()).indexOf(id);
    }

    private static VectorsOutput output(Point point) {
        NamedVectorsOutput.Builder named = NamedVectorsOutput.newBuilder();
        point.vectors()
                .forEach(
                        (name, terms) ->
                                named.putVectors(
                                        name,
                                        VectorOutput.newBuilder()
                                                .setSparse(
                                                        SparseVector.newBuilder()
                                                                .addAllIndices(terms.keySet())
                                                                .addAllValues(terms.values()))
                                                .build()));
        return VectorsOutput.newBuilder().setVectors(named).build();
    }

    /** The terms of a vector in a response. */
    static TreeMap<Integer, Float> terms(VectorOutput vector) {
        return terms(VectorOutputHelper.getSparseVector(vector));
    }

    private static RuntimeException invalid(String reason) {
        return Status.INVALID_ARGUMENT.withDescription(reason).asRuntimeException();
    }

    private static RuntimeException unimplemented(Object what) {
        return Status.UNIMPLEMENTED
                .withDescription("the stand-in does not implement " + what)
                .asRuntimeException();
    }
}
