package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.FieldTerms;
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
 * Searches an index. The server finds candidates by weights of 9 significant bits; the scores are
 * computed from the exact weights that are stored with them.
 *
 * <p>Candidates are read in pages, highest server score first. The server truncates weights: {@code
 * truncated <= weight < truncated * (1 + 2^-8)}. So any document that it has not returned scores
 * below its last score times that factor, and the search ends when the k-th exact score is above
 * that bound. A query with more terms than the server accepts is split into parts; a document that
 * none of them has returned scores below the sum of their last scores.
 *
 * <p>The server's own search of OpenSearch's {@code sparse_vector} is approximate: documents that
 * it finds are scored exactly, others are missing.
 *
 * <p>A document that is written during a search may be missed, or found on two pages; it is one
 * hit.
 */
final class OpenSearchIndex implements SearchIndex {

    /** Below the 1,024 clauses that both servers accept by default. */
    private static final int MAX_TERMS = 1_000;

    /** The largest page that both servers return by default. */
    private static final int MAX_PAGE_SIZE = 10_000;

    /** Candidates beyond k in a page, so that most searches end with the first page. */
    private static final int EXTRA_CANDIDATES = 50;

    private static final double TRUNCATION = 1 + 1.0 / (1 << 8);
    private static final double ROUNDING = 1.0 / (1 << 23);

    private static final Comparator<Hit> BEST_FIRST =
            Comparator.comparingDouble(Hit::score).reversed().thenComparing(Hit::id);

    private final OpenSearchSettings settings;
    private final OpenSearchConnection connection;
    private final OpenSearchSchema schema;

    private OpenSearchIndex(
            OpenSearchSettings settings, OpenSearchConnection connection, OpenSearchSchema schema) {
        this.settings = settings;
        this.connection = connection;
        this.schema = schema;
    }

    static OpenSearchIndex open(OpenSearchSettings settings) {
        OpenSearchConnection connection = new OpenSearchConnection(settings);
        try {
            JsonResponse found = connection.exchange(connection.indexRequest("GET", "", null));
            if (OpenSearchFailureClassifier.isMissing(found)) {
                throw new ConnectorException(
                        settings.location()
                                + " does not exist. Name an index that a job has written to");
            }
            return new OpenSearchIndex(
                    settings, connection, OpenSearchSchema.read(settings, connection, found));
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    @Override
    public Provenance provenance() {
        return schema.provenance();
    }

    private boolean isApproximate() {
        return settings.isApproximate(schema.type());
    }

    @Override
    public List<Hit> search(Query unweighted) {
        Query query = unweighted.idf() ? weighted(unweighted) : unweighted;
        List<Pages> parts = new ArrayList<>();
        for (int from = 0; from < query.vector().indices().length; from += MAX_TERMS) {
            int to = Math.min(from + MAX_TERMS, query.vector().indices().length);
            parts.add(new Pages(query, from, to));
        }
        Map<String, Hit> hits = new HashMap<>();
        List<Hit> best = List.of();
        boolean hasMore = !parts.isEmpty();
        while (hasMore) {
            for (Pages part : parts) {
                part.next(hits);
            }
            best = hits.values().stream().sorted(BEST_FIRST).limit(query.k()).toList();
            double unseen = parts.stream().mapToDouble(part -> part.maxUnseenScore).sum();
            double bound =
                    unseen * TRUNCATION * (1 + (query.vector().indices().length + 2) * ROUNDING)
                            + query.vector().indices().length * Float.MIN_NORMAL;
            hasMore =
                    parts.stream().anyMatch(part -> !part.atEnd)
                            && (best.size() < query.k()
                                    || best.get(query.k() - 1).score() <= bound);
        }
        return best;
    }

    /** The candidates for some of a query's terms, page by page. */
    private final class Pages {

        private final Query query;
        private final ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        private final int size;

        /** The highest server score of a document that was not returned yet. */
        private double maxUnseenScore;

        private boolean atEnd;

        Pages(Query query, int from, int to) {
            this.query = query;
            this.size = Math.min(query.k() + EXTRA_CANDIDATES, MAX_PAGE_SIZE);
            body.put("size", size).put("track_total_hits", false);
            body.set("_source", returnedFields());
            body.set(
                    "query",
                    filtered(
                            termsQuery(
                                    Arrays.copyOfRange(query.vector().indices(), from, to),
                                    Arrays.copyOfRange(query.vector().values(), from, to),
                                    size),
                            query.filter()));
            sort(body);
        }

        void next(Map<String, Hit> hits) {
            if (atEnd) {
                return;
            }
            JsonNode page = search(body).at("/hits/hits");
            for (JsonNode candidate : page) {
                hits.computeIfAbsent(candidate.path("_id").asText(), id -> hit(id, candidate));
            }
            atEnd = page.size() < size || isApproximate();
            maxUnseenScore = 0;
            if (!atEnd) {
                JsonNode last = page.get(page.size() - 1);
                maxUnseenScore = last.path("_score").asDouble();
                body.set("search_after", last.path("sort"));
            }
        }

        private Hit hit(String id, JsonNode candidate) {
            return query.hit(id, text(candidate), fields(candidate), vector(candidate));
        }
    }

    private static ArrayNode returnedFields() {
        return JsonHttpClient.JSON
                .createArrayNode()
                .add(OpenSearchSchema.WEIGHTS)
                .add(OpenSearchSchema.TEXT)
                .add(OpenSearchSchema.FIELDS);
    }

    /** Highest score first, equal scores by id. */
    private static void sort(ObjectNode body) {
        ArrayNode sort = body.putArray("sort");
        sort.addObject().put("_score", "desc");
        sort.addObject().put(OpenSearchSchema.ID, "asc");
    }

    private static SparseVector vector(JsonNode hit) {
        JsonNode indices = hit.at("/_source/" + OpenSearchSchema.WEIGHTS + "/indices");
        JsonNode values = hit.at("/_source/" + OpenSearchSchema.WEIGHTS + "/values");
        int[] ids = new int[indices.size()];
        float[] weights = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = indices.get(i).asInt();
            weights[i] = values.get(i).floatValue();
        }
        return new SparseVector(ids, weights);
    }

    private static String text(JsonNode hit) {
        JsonNode text = hit.at("/_source/" + OpenSearchSchema.TEXT);
        return text.isTextual() ? text.asText() : null;
    }

    private static String fields(JsonNode hit) {
        JsonNode fields = hit.at("/_source/" + OpenSearchSchema.FIELDS);
        return fields.isObject() ? fields.toString() : null;
    }

    /** The same scores, for the documents that match a filter. */
    private static ObjectNode filtered(ObjectNode query, FieldFilter filter) {
        if (filter.isEmpty()) {
            return query;
        }
        ObjectNode filtered = JsonHttpClient.JSON.createObjectNode();
        ObjectNode bool = filtered.putObject("bool");
        bool.putArray("must").add(query);
        ArrayNode filters = bool.putArray("filter");
        for (List<String> terms : FieldTerms.of(filter)) {
            ArrayNode values =
                    filters.addObject().putObject("terms").putArray(OpenSearchSchema.FIELD_VALUES);
            terms.forEach(values::add);
        }
        return filtered;
    }

    @Override
    public boolean supportsText() {
        return true;
    }

    /** The texts are analyzed as the mapping defines it, by default without stems. */
    @Override
    public List<Hit> searchText(TextQuery query) {
        ObjectNode words = JsonHttpClient.JSON.createObjectNode();
        words.putObject("match").put(OpenSearchSchema.TEXT, query.text());
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.put("track_total_hits", false);
        body.set("_source", returnedFields());
        body.set("query", filtered(words, query.filter()));
        sort(body);
        List<Hit> hits = new ArrayList<>();
        while (hits.size() < query.k()) {
            int size = Math.min(query.k() - hits.size(), MAX_PAGE_SIZE);
            JsonNode page = search(body.put("size", size)).at("/hits/hits");
            for (JsonNode hit : page) {
                hits.add(
                        query.hit(
                                hit.path("_id").asText(),
                                hit.path("_score").asDouble(),
                                text(hit),
                                fields(hit),
                                vector(hit)));
            }
            if (page.size() < size) {
                break;
            }
            body.set("search_after", page.get(size - 1).path("sort"));
        }
        return hits;
    }

    /** The query for the field's type. */
    private ObjectNode termsQuery(int[] indices, float[] values, int limit) {
        ObjectNode query = JsonHttpClient.JSON.createObjectNode();
        if (schema.type() == FieldType.RANK_FEATURES) {
            ArrayNode should = query.putObject("bool").putArray("should");
            for (int i = 0; i < indices.length; i++) {
                ObjectNode feature = should.addObject().putObject("rank_feature");
                feature.put(
                        "field", OpenSearchSchema.VECTOR + "." + schema.names().name(indices[i]));
                feature.put("boost", values[i]).putObject("linear");
            }
            return query;
        }
        ObjectNode tokens = JsonHttpClient.JSON.createObjectNode();
        for (int i = 0; i < indices.length; i++) {
            tokens.put(schema.names().name(indices[i]), values[i]);
        }
        if (isApproximate()) {
            ObjectNode field = query.putObject("neural_sparse").putObject(OpenSearchSchema.VECTOR);
            field.set("query_tokens", tokens);
            field.putObject("method_parameters").put("k", limit).put("top_n", indices.length);
        } else {
            ObjectNode vector = query.putObject("sparse_vector");
            vector.put("field", OpenSearchSchema.VECTOR).put("prune", false);
            vector.set("query_vector", tokens);
        }
        return query;
    }

    /** The query weighted by idf; deleted documents are not counted. */
    private Query weighted(Query query) {
        if (isApproximate()) {
            throw new ConnectorException(
                    settings.location()
                            + " does not support idf: its sparse_vector field is searched"
                            + " approximately, so documents cannot be counted. Search without idf,"
                            + " or use an index with type=rank_features");
        }
        int[] indices = query.vector().indices();
        long[] frequencies = new long[indices.length];
        long documents = 0;
        for (int from = 0; from < indices.length; from += MAX_TERMS) {
            int to = Math.min(from + MAX_TERMS, indices.length);
            JsonNode counts = search(countRequest(Arrays.copyOfRange(indices, from, to)));
            documents = Math.max(documents, counts.at("/hits/total/value").asLong());
            JsonNode buckets = counts.at("/aggregations/terms/buckets");
            for (int i = from; i < to; i++) {
                frequencies[i] = buckets.get(i - from).path("doc_count").asLong();
            }
        }
        return query.weighted(documents, frequencies);
    }

    private ObjectNode countRequest(int[] indices) {
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.put("size", 0).put("track_total_hits", true);
        body.putObject("query").putObject("exists").put("field", OpenSearchSchema.ID);
        ArrayNode filters =
                body.putObject("aggs").putObject("terms").putObject("filters").putArray("filters");
        for (int index : indices) {
            filters.add(termsQuery(new int[] {index}, new float[] {1}, 1));
        }
        return body;
    }

    private JsonNode search(ObjectNode request) {
        JsonNode result =
                connection.requireSuccess(
                        connection.exchange(connection.indexRequest("POST", "/_search", request)),
                        "search");
        if (result.at("/_shards/failed").asInt() > 0 || result.path("timed_out").asBoolean()) {
            throw new ConnectorException(
                    settings.location()
                            + " returned a part of the hits only, because one of its shards is"
                            + " unavailable or too slow. Search again when the cluster is green");
        }
        return result;
    }

    @Override
    public void close() {
        connection.close();
    }
}
