package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** {@code POST /search}. The fields of a hit are those of {@code search --json}. */
final class SearchEndpoint implements Endpoint {

    private static final Set<String> FIELDS =
            new LinkedHashSet<>(
                    List.of(
                            "query",
                            "k",
                            "index",
                            "filter",
                            "hybrid",
                            "idf",
                            "passages",
                            "explain"));

    private static final int DEFAULT_HITS = 10;

    /** Max terms of a document in an explanation. */
    private static final int EXPLAINED_TERMS = 32;

    private final Map<String, ServedIndex> indexes;
    private final int maxHits;
    private final Executor workers;

    /**
     * @param indexes by name; the first one is the default
     */
    SearchEndpoint(Map<String, ServedIndex> indexes, int maxHits, Executor workers) {
        this.indexes = indexes;
        this.maxHits = maxHits;
        this.workers = workers;
    }

    @Override
    public CompletableFuture<Answer> answer(byte[] body) {
        long start = System.nanoTime();
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        workers.execute(
                () -> {
                    if (answer.isDone()) {
                        return; // too late
                    }
                    try {
                        answer.complete(answer(RequestObject.parse(body), start));
                    } catch (Throwable e) {
                        answer.completeExceptionally(e);
                    }
                });
        return answer;
    }

    private Answer answer(RequestObject request, long start) {
        request.allowOnly(FIELDS);
        ServedIndex index = index(request.string("index"));
        String query = request.string("query");
        if (query == null) {
            throw RequestException.invalid("`query` is missing. Send {\"query\": \"fast car\"}");
        }
        if (query.isBlank()) {
            throw new RequestException(400, ErrorType.EMPTY, "`query` cannot be empty");
        }
        boolean explain = request.flag("explain", false);
        SearchRequest search =
                new SearchRequest(
                        query,
                        request.count("k", Math.min(DEFAULT_HITS, maxHits), maxHits),
                        request.flag("idf", false),
                        request.flag("passages", false),
                        request.flag("hybrid", false),
                        new FieldFilter(request.stringSets("filter")));
        SearchResult result = index.search(search);
        Tokenizer tokenizer = index.encoder().tokenizer();
        return Answer.json(
                json -> {
                    json.writeStartObject();
                    json.writeStringField("index", index.name());
                    json.writeBooleanField("truncated", result.query().truncated());
                    if (explain) {
                        json.writeObjectFieldStart("query");
                        json.writeArrayFieldStart("tokens");
                        for (int id : tokenizer.tokenize(query, Role.QUERY).ids()) {
                            json.writeString(tokenizer.term(id));
                        }
                        json.writeEndArray();
                        writeTerms(
                                json,
                                "terms",
                                result.query().vector(),
                                tokenizer,
                                Integer.MAX_VALUE);
                        json.writeEndObject();
                    }
                    json.writeArrayFieldStart("hits");
                    for (int i = 0; i < result.hits().size(); i++) {
                        writeHit(json, i + 1, result.hits().get(i), tokenizer, explain);
                    }
                    json.writeEndArray();
                    json.writeNumberField("took_ms", (System.nanoTime() - start) / 1000 / 1000.0);
                    json.writeEndObject();
                });
    }

    private ServedIndex index(String name) {
        if (name == null) {
            return indexes.values().iterator().next();
        }
        ServedIndex index = indexes.get(name);
        if (index == null) {
            String nearest = ConnectorUri.nearest(name, indexes.keySet());
            throw RequestException.invalid(
                    "unknown index '"
                            + name
                            + "'"
                            + (nearest == null
                                    ? ". Known: " + String.join(", ", indexes.keySet())
                                    : "; did you mean '" + nearest + "'?"));
        }
        return index;
    }

    private static void writeHit(
            JsonGenerator json, int rank, SearchIndex.Hit hit, Tokenizer tokenizer, boolean explain)
            throws IOException {
        json.writeStartObject();
        json.writeNumberField("rank", rank);
        json.writeStringField("id", hit.id());
        json.writeNumberField("score", hit.score());
        json.writeObjectFieldStart("terms");
        for (int i = 0; i < hit.matchedIndices().length; i++) {
            json.writeNumberField(tokenizer.term(hit.matchedIndices()[i]), hit.matchedParts()[i]);
        }
        json.writeEndObject();
        if (hit.text() != null) {
            json.writeStringField("text", hit.text());
        }
        if (hit.fields() != null) {
            json.writeFieldName("fields");
            json.writeRawValue(hit.fields());
        }
        if (explain && hit.vector() != null) {
            writeTerms(json, "document_terms", hit.vector(), tokenizer, EXPLAINED_TERMS);
        }
        json.writeEndObject();
    }

    /** The terms with the largest weights, largest first. */
    private static void writeTerms(
            JsonGenerator json, String name, SparseVector vector, Tokenizer tokenizer, int max)
            throws IOException {
        int[] order = SparseVector.byWeight(vector.values(), vector.size());
        json.writeObjectFieldStart(name);
        for (int i = 0; i < Math.min(max, order.length); i++) {
            json.writeNumberField(
                    tokenizer.term(vector.indices()[order[i]]), vector.values()[order[i]]);
        }
        json.writeEndObject();
    }
}
