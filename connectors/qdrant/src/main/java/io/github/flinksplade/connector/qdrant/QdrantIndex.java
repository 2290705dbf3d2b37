package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.vector.SparseVector;
import io.qdrant.client.ConditionFactory;
import io.qdrant.client.QueryFactory;
import io.qdrant.client.VectorOutputHelper;
import io.qdrant.client.WithPayloadSelectorFactory;
import io.qdrant.client.WithVectorsSelectorFactory;
import io.qdrant.client.grpc.Collections.CollectionInfo;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points;
import io.qdrant.client.grpc.Points.BatchResult;
import io.qdrant.client.grpc.Points.QueryBatchPoints;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.ScoredPoint;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Searches a collection. The server finds candidates by scores that it sums in floats; the scores
 * are computed again from the stored weights, which are exact.
 */
final class QdrantIndex implements SearchIndex {

    /** Candidates beyond the requested hits in the first query. */
    private static final int EXTRA_CANDIDATES = 10;

    /**
     * Max number of candidates. If more documents share the last score, the server chooses among
     * them.
     */
    private static final int MAX_CANDIDATES = 10_000;

    /** Max relative error of rounding to float, twice: on the server and here. */
    private static final double ROUNDING = 0x1p-23;

    private final QdrantSettings settings;
    private final QdrantConnection connection;
    private final Provenance provenance;
    private final QdrantSettings.Modifier modifier;

    private QdrantIndex(
            QdrantSettings settings,
            QdrantConnection connection,
            Provenance provenance,
            QdrantSettings.Modifier modifier) {
        this.settings = settings;
        this.connection = connection;
        this.provenance = provenance;
        this.modifier = modifier;
    }

    static QdrantIndex open(QdrantSettings settings) {
        QdrantConnection connection = new QdrantConnection(settings);
        try {
            QdrantSchema schema = new QdrantSchema(settings, connection);
            CollectionInfo info = schema.info();
            return new QdrantIndex(
                    settings, connection, QdrantSchema.provenance(info), schema.modifier(info));
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public List<Hit> search(Query query) {
        requireModifier(query.idf());
        if (query.vector().indices().length == 0) {
            return List.of();
        }
        Query weighted = query.idf() ? weighted(query) : query;
        double rounding = (query.vector().indices().length + 4) * ROUNDING;
        for (int limit = 2 * Math.min(query.k(), MAX_CANDIDATES) + EXTRA_CANDIDATES; ; limit *= 4) {
            int candidates = Math.max(query.k(), Math.min(limit, MAX_CANDIDATES));
            List<ScoredPoint> found =
                    connection
                            .await(
                                    connection.points().query(nearest(query, candidates).build()),
                                    "search " + settings.location())
                            .getResultList();
            List<Hit> best =
                    found.stream()
                            .map(point -> hit(weighted, point))
                            .sorted(
                                    Comparator.comparingDouble((Hit hit) -> -hit.score())
                                            .thenComparing(Hit::id))
                            .limit(query.k())
                            .toList();
            if (found.size() < candidates
                    || candidates >= MAX_CANDIDATES
                    || best.get(best.size() - 1).score() * (1 - rounding)
                            > found.get(candidates - 1).getScore()) {
                return best;
            }
        }
    }

    private void requireModifier(boolean idf) {
        if (idf && modifier == QdrantSettings.Modifier.NONE) {
            throw new ConnectorException(
                    settings.location()
                            + " does not support idf, because it has the modifier none. Search without"
                            + " idf, or write to a collection with modifier=idf");
        }
        if (!idf && modifier == QdrantSettings.Modifier.IDF) {
            throw new ConnectorException(
                    settings.location()
                            + " has the modifier idf, which applies to all queries. Search with idf, or"
                            + " write to a collection with modifier=none");
        }
    }

    /**
     * The query with the weights that the server uses. The server does not return the idf of a
     * term, but the score of a document for a query with that term alone is idf times the
     * document's weight.
     */
    private Query weighted(Query query) {
        QueryBatchPoints.Builder singles =
                QueryBatchPoints.newBuilder().setCollectionName(settings.collection);
        for (int term : query.vector().indices()) {
            singles.addQueryPoints(nearest(new Query(single(term), 1, true), 1).clearWithPayload());
        }
        List<BatchResult> results =
                connection
                        .await(
                                connection.points().queryBatch(singles.build()),
                                "search " + settings.location())
                        .getResultList();
        List<Integer> indices = new ArrayList<>();
        List<Float> values = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            // the idf of a term in no document, or in almost all, is 0
            if (results.get(i).getResultCount() > 0 && results.get(i).getResult(0).getScore() > 0) {
                ScoredPoint point = results.get(i).getResult(0);
                int term = query.vector().indices()[i];
                double weight = single(term).dot(vector(point));
                indices.add(term);
                values.add((float) (query.vector().values()[i] * (point.getScore() / weight)));
            }
        }
        float[] weights = new float[values.size()];
        IntStream.range(0, weights.length).forEach(i -> weights[i] = values.get(i));
        return new Query(
                new SparseVector(indices.stream().mapToInt(Integer::intValue).toArray(), weights),
                query.k(),
                false,
                query.filter());
    }

    private QueryPoints.Builder nearest(Query query, int limit) {
        List<Float> values = new ArrayList<>();
        for (float value : query.vector().values()) {
            values.add(value);
        }
        QueryPoints.Builder request =
                QueryPoints.newBuilder()
                        .setCollectionName(settings.collection)
                        .setUsing(settings.vector)
                        .setQuery(
                                QueryFactory.nearest(
                                        values,
                                        IntStream.of(query.vector().indices()).boxed().toList()))
                        .setLimit(limit)
                        .setWithVectors(
                                WithVectorsSelectorFactory.include(List.of(settings.vector)))
                        .setWithPayload(WithPayloadSelectorFactory.enable(true));
        if (!query.filter().isEmpty()) {
            Filter.Builder filter = Filter.newBuilder();
            for (List<String> terms : FieldTerms.of(query.filter())) {
                filter.addMust(
                        ConditionFactory.matchKeywords(QdrantPayload.FIELD_VALUES_PATH, terms));
            }
            request.setFilter(filter);
        }
        return request;
    }

    private Hit hit(Query weighted, ScoredPoint point) {
        Map<String, Value> payload = point.getPayloadMap();
        if (!payload.containsKey(QdrantPayload.META)) {
            throw foreign(settings, point.getId());
        }
        Value text = payload.get(QdrantPayload.TEXT);
        return weighted.hit(
                payload.get(QdrantPayload.META)
                        .getStructValue()
                        .getFieldsOrThrow(QdrantPayload.ID)
                        .getStringValue(),
                text == null ? null : text.getStringValue(),
                QdrantPayload.fields(payload),
                vector(point));
    }

    static ConnectorException foreign(QdrantSettings settings, PointId point) {
        return new ConnectorException(
                settings.location()
                        + " contains a point that flink-splade did not write ("
                        + point.toString().strip()
                        + "). Delete it");
    }

    private static SparseVector single(int term) {
        return new SparseVector(new int[] {term}, new float[] {1});
    }

    /** A point's vector; the server stores its indices in ascending order. */
    private SparseVector vector(ScoredPoint point) {
        Points.SparseVector vector =
                VectorOutputHelper.getSparseVector(
                        point.getVectors().getVectors().getVectorsOrThrow(settings.vector));
        float[] values = new float[vector.getValuesCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = vector.getValues(i);
        }
        return new SparseVector(
                vector.getIndicesList().stream().mapToInt(Integer::intValue).toArray(), values);
    }

    @Override
    public void close() {
        connection.close();
    }
}
