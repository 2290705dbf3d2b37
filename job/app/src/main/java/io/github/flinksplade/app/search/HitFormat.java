package io.github.flinksplade.app.search;

import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.Tokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A hit of a search as text or JSON. */
final class HitFormat {

    private static final int MAX_TERMS = 5;
    private static final int MAX_TEXT_LENGTH = 160;

    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

    private static final String BOLD = "\u001b[1m";
    private static final String DIM = "\u001b[2m";
    private static final String MATCH = "\u001b[1;33m";
    private static final String RESET = "\u001b[0m";

    private final Tokenizer tokenizer;
    private final boolean styled;

    /**
     * @param tokenizer the terms of the vectors
     * @param styled whether ids, and words of the text that are terms of the query, stand out
     */
    HitFormat(Tokenizer tokenizer, boolean styled) {
        this.tokenizer = tokenizer;
        this.styled = styled;
    }

    /**
     * A hit as text: rank, score, id and text on one line, its best terms below.
     *
     * @param withId whether the id is part of the line
     */
    String describe(int rank, SearchIndex.Hit hit, boolean withId) {
        StringBuilder text = new StringBuilder();
        text.append(style(DIM, String.format(Locale.ROOT, "%2d. %6.2f", rank, hit.score())));
        if (withId) {
            text.append("  ").append(style(BOLD, hit.id()));
        }
        if (hit.text() != null) {
            text.append("  ").append(highlight(shorten(hit.text()), hit));
        }
        StringBuilder terms = new StringBuilder();
        for (int i = 0; i < Math.min(MAX_TERMS, hit.matchedIndices().length); i++) {
            terms.append(i == 0 ? "" : ", ")
                    .append(tokenizer.term(hit.matchedIndices()[i]))
                    .append(String.format(Locale.ROOT, " %.2f", hit.matchedParts()[i]));
        }
        int more = hit.matchedIndices().length - MAX_TERMS;
        if (more > 0) {
            terms.append(", and ").append(more).append(" more");
        }
        return text.append("\n            ").append(style(DIM, terms.toString())).toString();
    }

    private String style(String code, String text) {
        return styled ? code + text + RESET : text;
    }

    /** Words that are matched terms stand out. */
    private String highlight(String text, SearchIndex.Hit hit) {
        if (!styled) {
            return text;
        }
        Set<String> matched = new HashSet<>();
        for (int index : hit.matchedIndices()) {
            matched.add(tokenizer.term(index).toLowerCase(Locale.ROOT));
        }
        return WORD.matcher(text)
                .replaceAll(
                        word ->
                                Matcher.quoteReplacement(
                                        matched.contains(word.group().toLowerCase(Locale.ROOT))
                                                ? style(MATCH, word.group())
                                                : word.group()));
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
