package io.github.flinksplade.app.io;

import java.util.HashSet;
import java.util.Set;

/**
 * Parses lines as topics, each with an id. If the first line contains a tab, each line is {@code
 * id<TAB>query} as in MS MARCO; otherwise each line is a query whose id is the line number, from 1.
 */
public final class Topics {

    private final Set<String> ids = new HashSet<>();
    private boolean hasFirstLine;
    private boolean hasIds;

    /**
     * One topic.
     *
     * @param id the id; null with an error
     * @param query the query; null with an error
     * @param error what is wrong with the line, or null
     */
    public record Topic(String id, String query, String error) {}

    /** Whether the lines contain ids; known after the first one. */
    public boolean hasIds() {
        return hasIds;
    }

    /** The line as a topic. */
    public Topic topic(Lines.Line line) {
        if (line.error() != null) {
            return new Topic(null, null, line.error());
        }
        int tab = line.text().indexOf('\t');
        if (!hasFirstLine) {
            hasFirstLine = true;
            hasIds = tab >= 0;
        }
        if (!hasIds) {
            return new Topic(Long.toString(line.number()), line.text(), null);
        }
        if (tab < 0) {
            return new Topic(null, null, "no tab between id and query, but the first line has one");
        }
        String id = line.text().substring(0, tab);
        if (id.isEmpty() || id.chars().anyMatch(Character::isWhitespace)) {
            return new Topic(null, null, "the id '" + id + "' is empty or contains white space");
        }
        // Anserini silently keeps only the last of two topics with the same id
        return ids.add(id)
                ? new Topic(id, line.text().substring(tab + 1), null)
                : new Topic(null, null, "the id '" + id + "' is a duplicate");
    }
}
