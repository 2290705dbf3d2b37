package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.opensearch.FaultyServer.Backend;
import io.github.flinksplade.connector.opensearch.FaultyServer.Reply;
import io.github.flinksplade.connector.opensearch.FaultyServer.Request;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * An in-memory server that responds like Elasticsearch 9, or like OpenSearch 3.3 with the plugin
 * neural-search, to the requests of the connector. It is written from published sources:
 *
 * <ul>
 *   <li>requests and responses: github.com/elastic/elasticsearch-specification, {@code
 *       specification/_global/{bulk,mget,search,info}} and {@code
 *       indices/{create,get,put_settings}};
 *   <li>versions: elastic.co/docs/api, "Index a document", sections "Versioning" and "Version
 *       types";
 *   <li>field and query {@code sparse_vector}: elastic.co/docs/reference/elasticsearch,
 *       mapping-reference/sparse-vector and query-dsl-sparse-vector-query, {@code
 *       specification/_types/query_dsl/SparseVectorQuery.ts}; the messages of rejections:
 *       SparseVectorFieldMapper in Elasticsearch 8.15;
 *   <li>OpenSearch's {@code sparse_vector}: docs.opensearch.org/latest,
 *       mappings/supported-field-types/sparse-vector and vector-search/ai-search/neural-sparse-ann.
 * </ul>
 */
final class StandInServer implements Backend {

    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();

    /** {@code indices.query.bool.max_clause_count} of a small node. */
    private static final int MAX_CLAUSES = 1024;

    /** {@code index.max_result_window}. */
    private static final int MAX_HITS = 10_000;

    private final boolean openSearch;
    private final Map<String, Scroll> scrolls = new HashMap<>();
    private final Map<String, Index> indexes = new TreeMap<>();
    private String rejectedId;

    StandInServer(boolean openSearch) {
        this.openSearch = openSearch;
    }

    private static final class Index {
        private final String uuid = UUID.randomUUID().toString();
        private final ObjectNode mappings;
        private final ObjectNode settings;
        private final Map<String, Document> newest = new HashMap<>();

        Index(ObjectNode mappings, ObjectNode settings) {
            this.mappings = mappings;
            this.settings = settings;
            settings.put("uuid", uuid);
        }
    }

    /** The stored state of an id; without a source it is deleted. */
    private record Document(long version, JsonNode source, Map<String, Float> features) {}

    /** An error response, with status and type. */
    private static final class Rejection extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int status;
        private final String type;

        Rejection(int status, String type, String reason) {
            super(reason);
            this.status = status;
            this.type = type;
        }

        ObjectNode error() {
            return JSON.createObjectNode().put("type", type).put("reason", getMessage());
        }
    }

    synchronized void reject(String id) {
        rejectedId = id;
    }

    /** The names of the existing indexes. */
    synchronized List<String> indexes() {
        return List.copyOf(indexes.keySet());
    }

    @Override
    public synchronized Reply handle(Request request) throws IOException {
        try {
            return Reply.of(200, route(request).toString());
        } catch (Rejection rejection) {
            ObjectNode body = JSON.createObjectNode();
            body.set("error", rejection.error());
            return Reply.of(rejection.status, body.put("status", rejection.status).toString());
        }
    }

    private JsonNode route(Request request) throws IOException {
        String path = request.path();
        if (path.equals("/")) {
            return info();
        }
        String[] parts = path.substring(1).split("/");
        String name = URLDecoder.decode(parts[0], StandardCharsets.UTF_8);
        String what = request.method() + (parts.length > 1 ? " " + parts[1] : "");
        if (what.equals("PUT")) {
            return create(name, (ObjectNode) JSON.readTree(request.body()));
        }
        if (what.equals("POST _bulk")) {
            // both products create a missing index that a document is written to
            if (!indexes.containsKey(name)) {
                create(name, JSON.createObjectNode());
            }
            return bulk(indexes.get(name), request.body());
        }
        if (path.equals("/_search/scroll")) {
            return scroll(request.method(), JSON.readTree(request.body()));
        }
        Index index = indexes.get(name);
        if (index == null) {
            throw new Rejection(404, "index_not_found_exception", "no such index [" + name + "]");
        }
        return switch (what) {
            case "GET" -> describe(name, index);
            case "GET _settings" -> describe(name, index);
            case "PUT _settings" -> {
                index.settings.set(
                        "gc_deletes", JSON.readTree(request.body()).get("index.gc_deletes"));
                yield JSON.createObjectNode().put("acknowledged", true);
            }
            case "POST _mget" -> mget(index, JSON.readTree(request.body()));
            case "POST _search" ->
                    request.target().contains("scroll=")
                            ? startScroll(index, JSON.readTree(request.body()))
                            : search(index, JSON.readTree(request.body()));
            case "POST _refresh", "POST _flush", "POST _forcemerge" -> JSON.createObjectNode();
            default -> throw new Rejection(405, "method_not_allowed", request.target());
        };
    }

    private ObjectNode info() {
        ObjectNode info = JSON.createObjectNode();
        ObjectNode version = info.putObject("version");
        if (openSearch) {
            version.put("distribution", "opensearch").put("number", "3.3.0");
            return info.put("tagline", "The OpenSearch Project: https://opensearch.org/");
        }
        version.put("number", "9.1.0").put("build_flavor", "default");
        return info.put("tagline", "You Know, for Search");
    }

    private JsonNode create(String name, ObjectNode body) {
        if (indexes.containsKey(name)) {
            throw new Rejection(
                    400, "resource_already_exists_exception", "index [" + name + "] exists");
        }
        ObjectNode settings = JSON.createObjectNode();
        body.path("settings")
                .properties()
                .forEach(
                        setting ->
                                settings.put(
                                        setting.getKey().replaceFirst("^index\\.", ""),
                                        setting.getValue().asText()));
        ObjectNode mappings =
                body.has("mappings") ? (ObjectNode) body.get("mappings") : JSON.createObjectNode();
        JsonNode vector = mappings.at("/properties/vector");
        if (vector.path("type").asText().equals("sparse_vector") && openSearch) {
            if (!settings.path("sparse").asText().equals("true")
                    || !vector.at("/method/name").asText().equals("seismic")) {
                throw new Rejection(
                        400, "mapper_parsing_exception", "sparse_vector needs index.sparse");
            }
        }
        indexes.put(name, new Index(mappings, settings));
        return JSON.createObjectNode().put("acknowledged", true).put("index", name);
    }

    private static JsonNode describe(String name, Index index) {
        ObjectNode body = JSON.createObjectNode();
        ObjectNode one = body.putObject(name);
        one.putObject("aliases");
        one.set("mappings", index.mappings);
        one.putObject("settings").set("index", index.settings);
        return body;
    }

    // ---- writing

    private JsonNode bulk(Index index, byte[] body) throws IOException {
        ObjectNode response = JSON.createObjectNode();
        ArrayNode items = JSON.createArrayNode();
        String text = new String(body, StandardCharsets.UTF_8);
        if (!text.endsWith("\n")) {
            throw new Rejection(
                    400,
                    "illegal_argument_exception",
                    "The bulk request must be terminated by a newline [\\n]");
        }
        String[] lines = text.split("\n");
        boolean errors = false;
        for (int at = 0; at < lines.length; at++) {
            Map.Entry<String, JsonNode> action =
                    JSON.readTree(lines[at]).properties().iterator().next();
            String id = action.getValue().get("_id").asText();
            if (id.getBytes(StandardCharsets.UTF_8).length > 512) {
                throw new Rejection(
                        400,
                        "action_request_validation_exception",
                        "id is too long, must be no longer than 512 bytes");
            }
            String source = action.getKey().equals("index") ? lines[++at] : null;
            ObjectNode item = items.addObject().putObject(action.getKey());
            try {
                item.put("status", write(index, id, action.getValue(), source));
            } catch (Rejection rejection) {
                errors = true;
                item.put("status", rejection.status).set("error", rejection.error());
            }
        }
        return response.put("errors", errors).set("items", items);
    }

    private int write(Index index, String id, JsonNode action, String source) throws IOException {
        Document stored = index.newest.get(id);
        long current = stored == null ? 0 : stored.version();
        long version = action.path("version").asLong();
        switch (action.path("version_type").asText("internal")) {
            case "internal" -> version = current + 1;
            case "external" -> requireHigher(id, stored != null && version <= current, current);
            case "external_gte" -> requireHigher(id, stored != null && version < current, current);
            default -> throw new Rejection(400, "illegal_argument_exception", "version_type");
        }
        boolean existed = stored != null && stored.source() != null;
        if (source == null) {
            index.newest.put(id, new Document(version, null, Map.of()));
            return existed ? 200 : 404;
        }
        if (id.equals(rejectedId)) {
            throw new Rejection(400, "document_parsing_exception", "[1:1] failed to parse");
        }
        JsonNode document = JSON.readTree(source);
        index.newest.put(id, new Document(version, document, features(index, document)));
        return existed ? 200 : 201;
    }

    private static void requireHigher(String id, boolean conflict, long current) {
        if (conflict) {
            throw new Rejection(
                    409,
                    "version_conflict_engine_exception",
                    "[" + id + "]: version conflict, current version [" + current + "] is higher");
        }
    }

    /** With 9 significant bits, like Lucene's FeatureField. */
    private Map<String, Float> features(Index index, JsonNode document) {
        Map<String, Float> features = new HashMap<>();
        for (Map.Entry<String, JsonNode> one : document.path("vector").properties()) {
            String name = one.getKey();
            float value = one.getValue().floatValue();
            if (name.contains(".") || openSearch && !name.matches("\\d+")) {
                throw new Rejection(
                        400,
                        "document_parsing_exception",
                        "[sparse_vector] fields do not support such feature names, but found ["
                                + name
                                + "]");
            }
            if (!(value >= Float.MIN_NORMAL && value < Float.POSITIVE_INFINITY)) {
                throw new Rejection(
                        400, "document_parsing_exception", "featureValue must be positive normal");
            }
            features.put(name, Float.intBitsToFloat(Float.floatToIntBits(value) & ~0x7fff));
        }
        if (!features.isEmpty() && !index.mappings.at("/properties/vector").has("type")) {
            throw new Rejection(400, "illegal_argument_exception", "Limit of total fields");
        }
        return features;
    }

    private static JsonNode mget(Index index, JsonNode body) {
        ObjectNode response = JSON.createObjectNode();
        ArrayNode documents = response.putArray("docs");
        for (JsonNode document : body.path("docs")) {
            String id = document.path("_id").asText();
            Document stored = index.newest.get(id);
            ObjectNode one = documents.addObject().put("_id", id);
            one.put("found", stored != null && stored.source() != null);
            if (stored != null && stored.source() != null) {
                one.put("_version", stored.version());
            }
        }
        return response;
    }

    // ---- searching

    private record Scroll(Iterator<JsonNode> remaining, int size) {}

    private record Scored(String id, float score, Document document) {}

    private JsonNode search(Index index, JsonNode body) {
        List<Scored> found = new ArrayList<>();
        index.newest.forEach(
                (id, document) -> {
                    if (document.source() != null) {
                        float score = score(index, body.path("query"), document);
                        if (score > 0) {
                            found.add(new Scored(id, score, document));
                        }
                    }
                });
        ObjectNode response = JSON.createObjectNode().put("timed_out", false);
        response.putObject("_shards").put("total", 1).put("failed", 0);
        ObjectNode hits = response.putObject("hits");
        hits.putObject("total").put("value", found.size()).put("relation", "eq");
        count(index, body.path("aggs"), found, response);
        int size = body.path("size").asInt(10);
        if (size > MAX_HITS) {
            throw new Rejection(400, "illegal_argument_exception", "Result window is too large");
        }
        found.sort(Comparator.comparingDouble(Scored::score).reversed().thenComparing(Scored::id));
        JsonNode after = body.path("search_after");
        ArrayNode page = hits.putArray("hits");
        for (Scored one : found) {
            if (page.size() < size && isAfter(one, after)) {
                ObjectNode hit = page.addObject().put("_id", one.id());
                hit.put("_score", one.score());
                hit.putArray("sort").add(one.score()).add(one.id());
                hit.set("_source", source(one.document().source(), body.path("_source")));
            }
        }
        return response;
    }

    /** All documents, in pages. */
    private JsonNode startScroll(Index index, JsonNode body) {
        ArrayNode hits = JSON.createArrayNode();
        index.newest.forEach(
                (id, document) -> {
                    if (document.source() != null) {
                        ObjectNode hit = hits.addObject().put("_id", id);
                        hit.put("_version", document.version());
                        hit.set("_source", source(document.source(), body.path("_source")));
                    }
                });
        String id = UUID.randomUUID().toString();
        scrolls.put(id, new Scroll(hits.elements(), body.path("size").asInt()));
        return page(id);
    }

    private JsonNode scroll(String method, JsonNode body) {
        String id = body.path("scroll_id").asText();
        if (!scrolls.containsKey(id)) {
            throw new Rejection(404, "search_context_missing_exception", "No search context");
        }
        if (method.equals("DELETE")) {
            scrolls.remove(id);
            return JSON.createObjectNode().put("succeeded", true);
        }
        return page(id);
    }

    private JsonNode page(String id) {
        ObjectNode response = JSON.createObjectNode().put("_scroll_id", id).put("timed_out", false);
        response.putObject("_shards").put("total", 1).put("failed", 0);
        ArrayNode page = response.putObject("hits").putArray("hits");
        Scroll scroll = scrolls.get(id);
        while (scroll.remaining().hasNext() && page.size() < scroll.size()) {
            page.add(scroll.remaining().next());
        }
        return response;
    }

    private static boolean isAfter(Scored one, JsonNode after) {
        if (after.isMissingNode()) {
            return true;
        }
        int higher = Float.compare(after.get(0).floatValue(), one.score());
        return higher > 0 || higher == 0 && one.id().compareTo(after.get(1).asText()) > 0;
    }

    private static JsonNode source(JsonNode source, JsonNode included) {
        if (!included.isArray()) {
            return source;
        }
        List<String> names = new ArrayList<>();
        included.forEach(name -> names.add(name.asText()));
        return ((ObjectNode) source.deepCopy()).retain(names);
    }

    private void count(Index index, JsonNode aggs, List<Scored> found, ObjectNode response) {
        for (Map.Entry<String, JsonNode> agg : aggs.properties()) {
            ArrayNode buckets =
                    response.putObject("aggregations").putObject(agg.getKey()).putArray("buckets");
            for (JsonNode filter : agg.getValue().at("/filters/filters")) {
                long count =
                        found.stream()
                                .filter(one -> score(index, filter, one.document()) > 0)
                                .count();
                buckets.addObject().put("doc_count", count);
            }
        }
    }

    /** Whether a keyword field has one of the values. */
    private static boolean hasOneOf(JsonNode terms, JsonNode source) {
        Map.Entry<String, JsonNode> field = terms.properties().iterator().next();
        for (JsonNode stored : source.path(field.getKey())) {
            for (JsonNode value : field.getValue()) {
                if (value.equals(stored)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Words that few documents have count more, as with BM25; with the standard analyzer. */
    private float score(Index index, JsonNode match, JsonNode source) {
        Map.Entry<String, JsonNode> field = match.properties().iterator().next();
        if (!index.mappings.at("/properties/" + field.getKey() + "/type").asText().equals("text")) {
            throw new Rejection(400, "query_shard_exception", "not a text field: " + match);
        }
        float sum = 0;
        for (String word : words(field.getValue().asText())) {
            long documents =
                    index.newest.values().stream()
                            .filter(one -> one.source() != null)
                            .filter(one -> hasWord(one.source(), field.getKey(), word))
                            .count();
            sum += hasWord(source, field.getKey(), word) ? 1f / documents : 0;
        }
        return sum;
    }

    private static boolean hasWord(JsonNode source, String field, String word) {
        return words(source.path(field).asText()).contains(word);
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+"))
                .filter(word -> !word.isEmpty())
                .distinct()
                .toList();
    }

    private float score(Index index, JsonNode query, Document document) {
        if (query.has("match_all") || query.has("exists")) {
            return 1;
        }
        if (query.has("bool")) {
            for (JsonNode filter : query.at("/bool/filter")) {
                if (!hasOneOf(filter.path("terms"), document.source())) {
                    return 0;
                }
            }
            return score(index, query.at("/bool/must/0"), document);
        }
        if (query.has("match")) {
            return score(index, query.path("match"), document.source());
        }
        boolean approximate = query.has("neural_sparse") && openSearch;
        if (!approximate && !(query.has("sparse_vector") && !openSearch)) {
            throw new Rejection(400, "parsing_exception", "unknown query " + query);
        }
        JsonNode tokens =
                approximate
                        ? query.at("/neural_sparse/vector/query_tokens")
                        : query.at("/sparse_vector/query_vector");
        if (!approximate && !query.at("/sparse_vector/field").asText().equals("vector")
                || tokens.isMissingNode()
                || !index.mappings.at("/properties/vector/type").asText().equals("sparse_vector")) {
            throw new Rejection(400, "parsing_exception", "not a query of the field: " + query);
        }
        if (tokens.size() > MAX_CLAUSES) {
            throw new Rejection(
                    400, "query_shard_exception", "maxClauseCount is set to " + MAX_CLAUSES);
        }
        // the server prunes by default; this stand-in keeps the heaviest token only
        boolean prunes = !approximate && query.at("/sparse_vector/prune").asBoolean(true);
        double heaviest = 0;
        for (JsonNode weight : tokens) {
            heaviest = Math.max(heaviest, weight.floatValue());
        }
        double sum = 0;
        for (Map.Entry<String, JsonNode> token : tokens.properties()) {
            float weight = token.getValue().floatValue();
            if (!prunes || weight == heaviest) {
                sum += (double) weight * document.features().getOrDefault(token.getKey(), 0f);
            }
        }
        return (float) sum;
    }
}
