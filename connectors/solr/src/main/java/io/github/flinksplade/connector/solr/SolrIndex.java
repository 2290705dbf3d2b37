package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Searches a collection as far as it is committed. Solr finds the best by their payloads, in 32-bit
 * sums; the scores are those of the stored weights, in doubles.
 */
final class SolrIndex implements SearchIndex {

    /** More than are wanted, for some may change places with those below. */
    private static final int SPARE = 10;

    /** Solr counts rows in 32 bits. */
    private static final long MOST_ROWS = Integer.MAX_VALUE;

    /** Relative error of a product or a sum of two floats. */
    private static final double ROUNDING = 0x1p-24;

    private final SolrConnection solr;
    private final Provenance provenance;

    private SolrIndex(SolrConnection solr, Provenance provenance) {
        this.solr = solr;
        this.provenance = provenance;
    }

    static SolrIndex open(SolrSettings place) {
        SolrConnection solr = new SolrConnection(place);
        try {
            Provenance provenance = provenance(solr);
            if (provenance == null) {
                throw new ConnectorException(
                        place + " holds no vectors of flink-splade; name one that a run wrote to");
            }
            return new SolrIndex(solr, provenance);
        } catch (RuntimeException e) {
            solr.close();
            throw e;
        }
    }

    /** What the collection says of its vectors, committed or not; null where it says nothing. */
    static Provenance provenance(SolrConnection solr) {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.putObject("params")
                .put("id", SolrRequestFactory.PROVENANCE_ID)
                .put("fl", SolrSchema.PROVENANCE);
        JsonResponse answer = solr.ask("/get", request);
        requireSuccess(answer, "read from", solr);
        JsonNode held = answer.body().path("doc").path(SolrSchema.PROVENANCE);
        if (held.isMissingNode()) {
            return null;
        }
        try {
            return Provenance.fromMap(
                    JsonHttpClient.JSON.readValue(
                            held.asText(), new TypeReference<Map<String, String>>() {}));
        } catch (JsonProcessingException e) {
            throw new ConnectorException(
                    "the document '"
                            + SolrRequestFactory.PROVENANCE_ID
                            + "' in "
                            + solr.location()
                            + " is not what flink-splade wrote; name another collection",
                    e);
        }
    }

    private static void requireSuccess(JsonResponse answer, String doing, SolrConnection solr) {
        if (!SolrFailureClassifier.isSuccess(answer)) {
            throw SolrFailureClassifier.refused(doing, solr.location(), answer);
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public List<Hit> search(Query query) {
        if (query.vector().indices().length == 0) {
            return List.of();
        }
        Query weighted = query.idf() ? weigh(query) : query;
        double rounding = 1 + 2 * ROUNDING * (weighted.vector().indices().length + 2);
        for (long rows = Math.min((long) query.k() + SPARE, MOST_ROWS);
                ;
                rows = Math.min(2 * rows, MOST_ROWS)) {
            List<JsonNode> found = candidates(weighted, rows);
            List<Hit> hits = new ArrayList<>(found.size());
            found.forEach(document -> hits.add(hit(weighted, document)));
            hits.sort(Comparator.comparingDouble((Hit hit) -> -hit.score()).thenComparing(Hit::id));
            if (found.size() < rows) {
                return best(hits, query.k());
            }
            double highestLeftOut = found.get(found.size() - 1).path("score").asDouble() * rounding;
            if (highestLeftOut < hits.get(query.k() - 1).score()) {
                return best(hits, query.k());
            }
        }
    }

    private static List<Hit> best(List<Hit> hits, int k) {
        return List.copyOf(hits.subList(0, Math.min(k, hits.size())));
    }

    /** The documents that Solr holds to be the best, best first. */
    private List<JsonNode> candidates(Query query, long rows) {
        StringJoiner sum = new StringJoiner(",", "{!func}sum(", ")");
        StringJoiner terms = new StringJoiner(",", "{!terms f=vector cache=false}", "");
        for (int i = 0; i < query.vector().indices().length; i++) {
            int term = query.vector().indices()[i];
            sum.add(
                    "product("
                            + query.vector().values()[i]
                            + ",payload(vector,'"
                            + term
                            + "',0.0))");
            terms.add(Integer.toString(term));
        }
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.put("query", sum.toString());
        request.put("filter", terms.toString());
        request.put("limit", rows);
        request.put("sort", "score desc,id asc");
        request.putArray("fields").add("id").add("vector").add("text").add("fields").add("score");
        List<JsonNode> documents = new ArrayList<>();
        select(request).at("/response/docs").forEach(documents::add);
        return documents;
    }

    private static Hit hit(Query query, JsonNode document) {
        String vector = document.path(SolrSchema.VECTOR).asText();
        String[] terms = vector.split(" ");
        int[] ids = new int[terms.length];
        float[] weights = new float[terms.length];
        for (int i = 0; i < terms.length; i++) {
            int bar = terms[i].indexOf('|');
            ids[i] = Integer.parseInt(terms[i], 0, bar, 10);
            weights[i] = Float.parseFloat(terms[i].substring(bar + 1));
        }
        return query.hit(
                document.path(SolrSchema.ID).asText(),
                document.path(SolrSchema.TEXT).asText(null),
                document.path(SolrSchema.FIELDS).asText(null),
                new SparseVector(ids, weights));
    }

    /** Counted by Solr, without what is deleted or replaced. */
    private Query weigh(Query query) {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.put("query", SolrSchema.TOKENS + ":[* TO *]");
        request.put("limit", 0);
        ObjectNode counts = request.putObject("facet");
        for (int term : query.vector().indices()) {
            counts.putObject("t" + term)
                    .put("type", "query")
                    .put("q", "{!term f=vector cache=false}" + term);
        }
        JsonNode answer = select(request);
        long[] frequencies = new long[query.vector().indices().length];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] =
                    answer.path("facets")
                            .path("t" + query.vector().indices()[i])
                            .path("count")
                            .asLong();
        }
        return query.weighted(answer.at("/response/numFound").asLong(), frequencies);
    }

    private JsonNode select(JsonNode request) {
        JsonResponse answer = solr.ask("/select", request);
        requireSuccess(answer, "search", solr);
        return answer.body();
    }

    @Override
    public void close() {
        solr.close();
    }
}
