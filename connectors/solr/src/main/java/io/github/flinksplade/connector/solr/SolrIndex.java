package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * Searches the committed documents of a collection. Solr finds candidates by their payloads, which
 * it sums in 32-bit floats; scores are computed from the stored weights, in doubles.
 */
final class SolrIndex implements SearchIndex {

    /** Candidates beyond k, because exact scores may order the last ones differently. */
    private static final int EXTRA_CANDIDATES = 10;

    /** Solr counts rows in 32 bits. */
    private static final long MAX_ROWS = Integer.MAX_VALUE;

    /** Relative error of a product or a sum of two floats. */
    private static final double ROUNDING = 0x1p-24;

    private final SolrConnection connection;
    private final Provenance provenance;

    private SolrIndex(SolrConnection connection, Provenance provenance) {
        this.connection = connection;
        this.provenance = provenance;
    }

    static SolrIndex open(SolrSettings settings) {
        SolrConnection connection = new SolrConnection(settings);
        try {
            Provenance provenance = new SolrSchema(settings, connection).provenance();
            if (provenance == null) {
                throw new ConnectorException(
                        settings.location()
                                + " contains no vectors of flink-splade. Name a collection that a job"
                                + " has written to");
            }
            return new SolrIndex(connection, provenance);
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
        if (query.vector().indices().length == 0) {
            return List.of();
        }
        Query weighted = query.idf() ? weighted(query) : query;
        double rounding = 1 + 2 * ROUNDING * (weighted.vector().indices().length + 2);
        for (long rows = Math.min((long) query.k() + EXTRA_CANDIDATES, MAX_ROWS);
                ;
                rows = Math.min(2 * rows, MAX_ROWS)) {
            List<JsonNode> candidates = candidates(weighted, rows);
            List<Hit> hits = new ArrayList<>(candidates.size());
            candidates.forEach(document -> hits.add(hit(weighted, document)));
            hits.sort(Comparator.comparingDouble((Hit hit) -> -hit.score()).thenComparing(Hit::id));
            if (candidates.size() < rows) {
                return best(hits, query.k());
            }
            double maxUnseenScore =
                    candidates.get(candidates.size() - 1).path("score").asDouble() * rounding;
            if (maxUnseenScore < hits.get(query.k() - 1).score()) {
                return best(hits, query.k());
            }
        }
    }

    private static List<Hit> best(List<Hit> hits, int k) {
        return List.copyOf(hits.subList(0, Math.min(k, hits.size())));
    }

    /** The documents with the highest scores of Solr, highest first. */
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
        filter(request.putArray("filter").add(terms.toString()), query.filter());
        return documents(request, rows);
    }

    private List<JsonNode> documents(ObjectNode request, long rows) {
        request.put("limit", rows);
        request.put("sort", "score desc,id asc");
        request.putArray("fields").add("id").add("vector").add("text").add("fields").add("score");
        List<JsonNode> documents = new ArrayList<>();
        select(request).at("/response/docs").forEach(documents::add);
        return documents;
    }

    /** Adds queries that only the documents match that match a filter. */
    private static void filter(ArrayNode filters, FieldFilter filter) {
        for (List<String> terms : FieldTerms.of(filter)) {
            ArrayNode should = filters.addObject().putObject("bool").putArray("should");
            for (String term : terms) {
                should.addObject()
                        .putObject("term")
                        .put("f", SolrSchema.FIELD_VALUES)
                        .put("query", term);
            }
        }
    }

    @Override
    public boolean supportsText() {
        return true;
    }

    @Override
    public List<Hit> searchText(TextQuery query) {
        String words = words(query.text());
        if (words.isBlank()) {
            return List.of();
        }
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.putObject("query")
                .putObject("lucene")
                .put("df", SolrSchema.TEXT)
                .put("q.op", "OR")
                .put("query", words);
        filter(request.putArray("filter"), query.filter());
        return documents(request, query.k()).stream()
                .map(
                        document ->
                                query.hit(
                                        document.path(SolrSchema.ID).asText(),
                                        document.path("score").asDouble(),
                                        document.path(SolrSchema.TEXT).asText(null),
                                        document.path(SolrSchema.FIELDS).asText(null),
                                        vector(document)))
                .toList();
    }

    /** A text as words in Solr's query syntax: in lower case, since operators are in upper case. */
    private static String words(String text) {
        return text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}\\s]", "\\\\$0");
    }

    private static Hit hit(Query query, JsonNode document) {
        return query.hit(
                document.path(SolrSchema.ID).asText(),
                document.path(SolrSchema.TEXT).asText(null),
                document.path(SolrSchema.FIELDS).asText(null),
                vector(document));
    }

    private static SparseVector vector(JsonNode document) {
        String vector = document.path(SolrSchema.VECTOR).asText();
        String[] terms = vector.split(" ");
        int[] ids = new int[terms.length];
        float[] weights = new float[terms.length];
        for (int i = 0; i < terms.length; i++) {
            int bar = terms[i].indexOf('|');
            ids[i] = Integer.parseInt(terms[i], 0, bar, 10);
            weights[i] = Float.parseFloat(terms[i].substring(bar + 1));
        }
        return new SparseVector(ids, weights);
    }

    /** The query weighted by idf; Solr counts live documents only. */
    private Query weighted(Query query) {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        request.put("query", SolrSchema.TOKENS + ":[* TO *]");
        request.put("limit", 0);
        ObjectNode facets = request.putObject("facet");
        for (int term : query.vector().indices()) {
            facets.putObject("t" + term)
                    .put("type", "query")
                    .put("q", "{!term f=vector cache=false}" + term);
        }
        JsonNode counts = select(request);
        long[] frequencies = new long[query.vector().indices().length];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] =
                    counts.path("facets")
                            .path("t" + query.vector().indices()[i])
                            .path("count")
                            .asLong();
        }
        return query.weighted(counts.at("/response/numFound").asLong(), frequencies);
    }

    private JsonNode select(JsonNode request) {
        return connection.requireSuccess(connection.exchange("/select", request), "search");
    }

    @Override
    public void close() {
        connection.close();
    }
}
