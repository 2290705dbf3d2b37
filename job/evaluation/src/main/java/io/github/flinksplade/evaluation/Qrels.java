package io.github.flinksplade.evaluation;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Relevance judgments.
 *
 * @param grades the grade of each judged document, by query. A document is relevant from grade 1;
 *     the grade is its gain. A negative grade counts as 0, as in {@code trec_eval}
 */
public record Qrels(Map<String, Map<String, Integer>> grades) {

    /**
     * Reads a file: lines of {@code query 0 document grade} as in TREC, or of {@code query document
     * grade} with a header as in BEIR, where columns are separated by tabs.
     *
     * @throws EvaluationException if the file is missing, a line is malformed, a document is judged
     *     twice for a query, or no document is relevant
     */
    public static Qrels read(Path file) {
        Map<String, Map<String, Integer>> grades = new LinkedHashMap<>();
        boolean hasRelevant = false;
        try (TextLines lines = new TextLines(file)) {
            String line = lines.next();
            if (line == null) {
                throw new EvaluationException(file + " is empty. It needs one judgment per line");
            }
            boolean isBeir = line.startsWith("query-id");
            for (line = isBeir ? lines.next() : line; line != null; line = lines.next()) {
                String[] columns = isBeir ? line.strip().split("\t") : line.strip().split("\\s+");
                if (columns.length != (isBeir ? 3 : 4)) {
                    throw lines.invalid(
                            columns.length
                                    + " columns. Write "
                                    + (isBeir
                                            ? "query-id, corpus-id and score, separated by tabs"
                                            : "'query 0 document grade', or start the file with"
                                                    + " BEIR's header query-id, corpus-id, score"));
                }
                String document = columns[isBeir ? 1 : 2];
                int grade = grade(columns[isBeir ? 2 : 3], lines);
                hasRelevant |= grade > 0;
                Integer other =
                        grades.computeIfAbsent(columns[0], query -> new LinkedHashMap<>())
                                .put(document, grade);
                if (other != null) {
                    throw lines.invalid(
                            "the document '"
                                    + document
                                    + "' is already judged for the query '"
                                    + columns[0]
                                    + "'. Remove one of the two lines");
                }
            }
        }
        if (!hasRelevant) {
            throw new EvaluationException(
                    file + " has no grade above 0. Without relevant documents there is no result");
        }
        return new Qrels(grades);
    }

    private static int grade(String text, TextLines lines) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw lines.invalid("the grade '" + text + "' is not a whole number");
        }
    }

    /** The grades of a query's documents; empty if the query is not judged. */
    public Map<String, Integer> of(String query) {
        return Collections.unmodifiableMap(grades.getOrDefault(query, Map.of()));
    }

    /** The queries with at least one relevant document, in the order of the file. */
    public List<String> queries() {
        return grades.entrySet().stream()
                .filter(query -> query.getValue().values().stream().anyMatch(grade -> grade > 0))
                .map(Map.Entry::getKey)
                .toList();
    }
}
