package io.github.flinksplade.evaluation;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A ranking of documents for each of several queries.
 *
 * @param name the run tag
 * @param rankings the documents by query, in the order of {@link ScoredDocument#TREC_ORDER}
 */
public record Run(String name, Map<String, List<ScoredDocument>> rankings) {

    private static final int COLUMNS = 6;

    public Run {
        Map<String, List<ScoredDocument>> sorted = new LinkedHashMap<>();
        rankings.forEach((query, all) -> sorted.put(query, ScoredDocument.inTrecOrder(all)));
        rankings = sorted;
    }

    /**
     * Reads a TREC run file: lines of {@code query Q0 document rank score tag}. The rank is
     * ignored. The name is the tag of the first line.
     *
     * @throws EvaluationException if the file is missing or empty, a line is malformed, or a query
     *     has a document twice
     */
    public static Run read(Path file) {
        Map<String, List<ScoredDocument>> rankings = new LinkedHashMap<>();
        Map<String, Set<String>> seen = new LinkedHashMap<>();
        String name = null;
        try (TextLines lines = new TextLines(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                String[] columns = line.strip().split("\\s+");
                if (columns.length != COLUMNS) {
                    throw lines.invalid(
                            columns.length + " columns. Write 'query Q0 document rank score tag'");
                }
                if (!seen.computeIfAbsent(columns[0], query -> new HashSet<>()).add(columns[2])) {
                    throw lines.invalid(
                            "the document '"
                                    + columns[2]
                                    + "' is a duplicate in the ranking of the query '"
                                    + columns[0]
                                    + "'. Remove one of the two lines");
                }
                rankings.computeIfAbsent(columns[0], query -> new ArrayList<>())
                        .add(new ScoredDocument(columns[2], score(columns[4], lines)));
                name = name == null ? columns[5] : name;
            }
        }
        if (name == null) {
            throw new EvaluationException(file + " is empty. It needs one document per line");
        }
        return new Run(name, rankings);
    }

    private static double score(String text, TextLines lines) {
        try {
            double score = Double.parseDouble(text);
            if (!Double.isNaN(score)) {
                return score;
            }
        } catch (NumberFormatException e) {
            // the message below
        }
        throw lines.invalid("the score '" + text + "' is not a number");
    }

    /** The ranking of a query; empty if the run has none. */
    public List<ScoredDocument> of(String query) {
        return rankings.getOrDefault(query, List.of());
    }

    /** The same rankings with another name. */
    public Run withName(String other) {
        return new Run(other, rankings);
    }

    /**
     * The same rankings without documents whose id is that of the query. BEIR's evaluation removes
     * them.
     */
    public Run withoutIdenticalIds() {
        Map<String, List<ScoredDocument>> filtered = new LinkedHashMap<>();
        rankings.forEach(
                (query, all) ->
                        filtered.put(
                                query,
                                all.stream().filter(one -> !one.id().equals(query)).toList()));
        return new Run(name, filtered);
    }

    /**
     * Writes a TREC run file, ranks from 1. White space in the name becomes {@code _}.
     *
     * @throws EvaluationException if an id contains white space, or the file cannot be written
     */
    public void write(Path file) {
        String tag = name.replaceAll("\\s+", "_");
        rankings.forEach(
                (query, documents) -> {
                    requireNoSpace(query);
                    documents.forEach(document -> requireNoSpace(document.id()));
                });
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (Map.Entry<String, List<ScoredDocument>> ranking : rankings.entrySet()) {
                int rank = 1;
                for (ScoredDocument document : ranking.getValue()) {
                    out.write(line(ranking.getKey(), document.id(), rank++, document.score(), tag));
                    out.write('\n');
                }
            }
        } catch (IOException e) {
            throw new EvaluationException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * A line of a TREC run file. The score is written as a 32-bit float with the fewest digits that
     * identify it, because {@code trec_eval} reads it as one.
     *
     * @throws EvaluationException if an id contains white space
     */
    public static String line(String query, String document, int rank, double score, String tag) {
        requireNoSpace(query);
        requireNoSpace(document);
        return query + " Q0 " + document + " " + rank + " " + (float) score + " " + tag;
    }

    private static void requireNoSpace(String id) {
        if (id.isEmpty() || id.chars().anyMatch(Character::isWhitespace)) {
            throw new EvaluationException(
                    "the id '"
                            + id
                            + "' is empty or contains white space, which a TREC run file cannot"
                            + " contain. Choose other ids, or another format");
        }
    }
}
