package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Searches an index. The server finds candidates by weights of 9 significant bits, and the exact
 * weights beside them make the scores.
 *
 * <p>Candidates come in pages, highest of the server's scores first. Its weights are cut: {@code
 * cut <= weight < cut * (1 + 2^-8)}; so what it has not shown yet scores below its last score times
 * that factor, and the search ends when the k-th exact score is above it. A query with more terms
 * than the server takes in one goes as several; what none of them has shown scores below the sum of
 * their last scores.
 *
 * <p>With OpenSearch's {@code sparse_vector} the server's own search is approximate: what it finds
 * is scored exactly, and what it does not find is missing.
 *
 * <p>What is written during a search may be missed by it or found twice over pages; a document is a
 * hit once.
 */
final class OpenSearchIndex implements SearchIndex {

    /** Below the 1,024 clauses that both servers take by default. */
    private static final int MOST_TERMS = 1_000;

    /** What both servers show at once by default. */
    private static final int MOST_HITS = 10_000;

    /** Candidates beyond k in a page: most searches end with the first. */
    private static final int SPARE = 50;

    private static final double CUT = 1 + 1.0 / (1 << 8);
    private static final double ROUNDING = 1.0 / (1 << 23);

    private static final Comparator<Hit> BEST_FIRST =
            Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id);

    private final OpenSearchSettings place;
    private final OpenSearchConnection server;
    private final OpenSearchSchema layout;

    private OpenSearchIndex(
            OpenSearchSettings place, OpenSearchConnection server, OpenSearchSchema layout) {
        this.place = place;
        this.server = server;
        this.layout = layout;
    }

    static OpenSearchIndex open(OpenSearchSettings place) {
        OpenSearchConnection server = new OpenSearchConnection(place);
        try {
            JsonResponse found = server.exchange(server.ofIndex("GET", "", null));
            if (OpenSearchFailureClassifier.isMissing(found)) {
                throw new ConnectorException(
                        place + " does not exist; name the one that a run has written to");
            }
            return new OpenSearchIndex(place, server, OpenSearchSchema.read(place, found));
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    @Override
    public Provenance provenance() {
        return layout.provenance();
    }

    private boolean isApproximate() {
        return place.product() == Product.OPENSEARCH && layout.type() == FieldType.SPARSE_VECTOR;
    }

    @Override
    public List<Hit> search(Query asked) {
        Query query = asked.idf() ? weighted(asked) : asked;
        List<Pages> parts = new ArrayList<>();
        for (int from = 0; from < query.vector().indices().length; from += MOST_TERMS) {
            int to = Math.min(from + MOST_TERMS, query.vector().indices().length);
            parts.add(new Pages(query, from, to));
        }
        Map<String, Hit> hits = new HashMap<>();
        List<Hit> best = List.of();
        boolean goOn = !parts.isEmpty();
        while (goOn) {
            for (Pages part : parts) {
                part.next(hits);
            }
            best = hits.values().stream().sorted(BEST_FIRST).limit(query.k()).toList();
            double rest = parts.stream().mapToDouble(part -> part.rest).sum();
            double bound =
                    rest * CUT * (1 + (query.vector().indices().length + 2) * ROUNDING)
                            + query.vector().indices().length * Float.MIN_NORMAL;
            goOn =
                    parts.stream().anyMatch(part -> !part.atEnd)
                            && (best.size() < query.k()
                                    || best.get(query.k() - 1).score() <= bound);
        }
        return best;
    }

    /** The candidates that some of a query's terms find, page by page. */
    private final class Pages {

        private final Query query;
        private final ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        private final int size;

        /** No document that was not shown yet has more, by the server's weights. */
        private double rest;

        private boolean atEnd;

        Pages(Query query, int from, int to) {
            this.query = query;
            this.size = Math.min(query.k() + SPARE, MOST_HITS);
            body.put("size", size).put("track_total_hits", false);
            body.putArray("_source")
                    .add(OpenSearchSchema.WEIGHTS)
                    .add(OpenSearchSchema.TEXT)
                    .add(OpenSearchSchema.FIELDS);
            body.set(
                    "query",
                    matching(
                            Arrays.copyOfRange(query.vector().indices(), from, to),
                            Arrays.copyOfRange(query.vector().values(), from, to),
                            size));
            ArrayNode sort = body.putArray("sort");
            sort.addObject().put("_score", "desc");
            sort.addObject().put(OpenSearchSchema.ID, "asc");
        }

        void next(Map<String, Hit> hits) {
            if (atEnd) {
                return;
            }
            JsonNode shown = ask("/_search", body).at("/hits/hits");
            for (JsonNode one : shown) {
                hits.computeIfAbsent(one.path("_id").asText(), id -> hit(id, one));
            }
            atEnd = shown.size() < size || isApproximate();
            rest = 0;
            if (!atEnd) {
                JsonNode last = shown.get(shown.size() - 1);
                rest = last.path("_score").asDouble();
                body.set("search_after", last.path("sort"));
            }
        }

        private Hit hit(String id, JsonNode shown) {
            JsonNode source = shown.path("_source");
            JsonNode indices = source.at("/" + OpenSearchSchema.WEIGHTS + "/indices");
            JsonNode values = source.at("/" + OpenSearchSchema.WEIGHTS + "/values");
            int[] ids = new int[indices.size()];
            float[] weights = new float[ids.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = indices.get(i).asInt();
                weights[i] = values.get(i).floatValue();
            }
            JsonNode text = source.path(OpenSearchSchema.TEXT);
            JsonNode fields = source.path(OpenSearchSchema.FIELDS);
            return query.hit(
                    id,
                    text.isTextual() ? text.asText() : null,
                    fields.isObject() ? fields.toString() : null,
                    new SparseVector(ids, weights));
        }
    }

    /** The query in the form that the field has. */
    private ObjectNode matching(int[] indices, float[] values, int most) {
        ObjectNode query = JsonHttpClient.JSON.createObjectNode();
        if (layout.type() == FieldType.RANK_FEATURES) {
            ArrayNode should = query.putObject("bool").putArray("should");
            for (int i = 0; i < indices.length; i++) {
                ObjectNode feature = should.addObject().putObject("rank_feature");
                feature.put(
                        "field", OpenSearchSchema.VECTOR + "." + layout.names().name(indices[i]));
                feature.put("boost", values[i]).putObject("linear");
            }
            return query;
        }
        ObjectNode tokens = JsonHttpClient.JSON.createObjectNode();
        for (int i = 0; i < indices.length; i++) {
            tokens.put(layout.names().name(indices[i]), values[i]);
        }
        if (isApproximate()) {
            ObjectNode field = query.putObject("neural_sparse").putObject(OpenSearchSchema.VECTOR);
            field.set("query_tokens", tokens);
            field.putObject("method_parameters").put("k", most).put("top_n", indices.length);
        } else {
            ObjectNode vector = query.putObject("sparse_vector");
            vector.put("field", OpenSearchSchema.VECTOR).put("prune", false);
            vector.set("query_vector", tokens);
        }
        return query;
    }

    /** Weighted by idf, with counts of the documents that are there, not of deleted ones. */
    private Query weighted(Query query) {
        if (isApproximate()) {
            throw new ConnectorException(
                    place
                            + " cannot weigh terms by idf: its sparse_vector field finds documents"
                            + " approximately and so counts none; use an index with"
                            + " type=rank_features");
        }
        int[] indices = query.vector().indices();
        long[] frequencies = new long[indices.length];
        long documents = 0;
        for (int from = 0; from < indices.length; from += MOST_TERMS) {
            int to = Math.min(from + MOST_TERMS, indices.length);
            JsonNode counted = ask("/_search", counting(Arrays.copyOfRange(indices, from, to)));
            documents = Math.max(documents, counted.at("/hits/total/value").asLong());
            JsonNode buckets = counted.at("/aggregations/terms/buckets");
            for (int i = from; i < to; i++) {
                frequencies[i] = buckets.get(i - from).path("doc_count").asLong();
            }
        }
        return query.weighted(documents, frequencies);
    }

    private ObjectNode counting(int[] indices) {
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.put("size", 0).put("track_total_hits", true);
        body.putObject("query").putObject("exists").put("field", OpenSearchSchema.ID);
        ArrayNode filters =
                body.putObject("aggs").putObject("terms").putObject("filters").putArray("filters");
        for (int index : indices) {
            filters.add(matching(new int[] {index}, new float[] {1}, 1));
        }
        return body;
    }

    private JsonNode ask(String path, ObjectNode body) {
        JsonResponse answer = server.exchange(server.ofIndex("POST", path, body));
        if (!answer.isSuccess()) {
            throw OpenSearchFailureClassifier.refused(place, "searched", answer);
        }
        if (answer.body().at("/_shards/failed").asInt() > 0
                || answer.body().path("timed_out").asBoolean()) {
            throw new ConnectorException(
                    place
                            + " answers in part only, since a shard of it is away or too slow;"
                            + " search again when the cluster is green");
        }
        return answer.body();
    }

    @Override
    public void close() {
        server.close();
    }
}
