package io.github.flinksplade.app.search;

import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The hits of a search as text, JSON or a TREC run. */
public final class HitFormat {

    /** The formats. */
    public enum Name {
        TEXT,
        JSON,
        TREC
    }

    private static final int MAX_TERMS = 5;
    private static final int MAX_TEXT_LENGTH = 160;

    private final Tokenizer tokenizer;

    /**
     * @param tokenizer the terms of the vectors
     */
    HitFormat(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** A hit as text: rank, score, id and text on one line, its best terms below. */
    String describe(int rank, SearchIndex.Hit hit) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%2d. %6.2f  %s", rank, hit.score(), hit.id()));
        if (hit.text() != null) {
            text.append("  ").append(shorten(hit.text()));
        }
        text.append("\n            ");
        for (int i = 0; i < Math.min(MAX_TERMS, hit.matchedIndices().length); i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(tokenizer.term(hit.matchedIndices()[i]))
                    .append(String.format(Locale.ROOT, " %.2f", hit.matchedParts()[i]));
        }
        int more = hit.matchedIndices().length - MAX_TERMS;
        return more <= 0
                ? text.toString()
                : text.append(", and ").append(more).append(" more").toString();
    }

    /**
     * A hit as one JSON object.
     *
     * @param queryId null if the query has no id
     */
    String json(int rank, String queryId, String query, SearchIndex.Hit hit) {
        Map<String, Float> terms = new LinkedHashMap<>();
        for (int i = 0; i < hit.matchedIndices().length; i++) {
            terms.put(tokenizer.term(hit.matchedIndices()[i]), hit.matchedParts()[i]);
        }
        List<Object> pairs = new ArrayList<>();
        if (queryId != null) {
            pairs.addAll(List.of("query_id", queryId));
        }
        pairs.addAll(
                List.of(
                        "query",
                        query,
                        "rank",
                        rank,
                        "id",
                        hit.id(),
                        "score",
                        hit.score(),
                        "terms",
                        terms));
        if (hit.text() != null) {
            pairs.addAll(List.of("text", hit.text()));
        }
        if (hit.fields() != null) {
            pairs.addAll(List.of("fields", JsonLine.parse(hit.fields())));
        }
        return JsonLine.object(pairs.toArray());
    }

    private static String shorten(String text) {
        String line = text.strip().replaceAll("[\\s\\p{Cntrl}\u2028\u2029]+", " ");
        if (line.codePointCount(0, line.length()) <= MAX_TEXT_LENGTH) {
            return line;
        }
        return line.substring(0, line.offsetByCodePoints(0, MAX_TEXT_LENGTH - 4)) + " ...";
    }
}
