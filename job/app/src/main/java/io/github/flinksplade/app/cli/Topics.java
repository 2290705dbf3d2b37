package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.io.Lines;
import java.util.HashSet;
import java.util.Set;

/**
 * Lines of queries as topics, each with an id. If the first line has a tab, each line is {@code
 * id<TAB>query}, as MS MARCO's files are; otherwise each line is a query and its id the line's
 * number, from 1.
 */
final class Topics {

    private final Set<String> ids = new HashSet<>();
    private boolean begun;
    private boolean named;

    /**
     * One topic.
     *
     * @param id the id; null with an error
     * @param query the query; null with an error
     * @param error what is wrong with the line, or null
     */
    record Topic(String id, String query, String error) {}

    /** The line as a topic. */
    Topic topic(Lines.Line line) {
        if (line.error() != null) {
            return new Topic(null, null, line.error());
        }
        int tab = line.text().indexOf('\t');
        if (!begun) {
            begun = true;
            named = tab >= 0;
        }
        if (!named) {
            return new Topic(Long.toString(line.number()), line.text(), null);
        }
        if (tab < 0) {
            return new Topic(null, null, "no tab between id and query, which the first line has");
        }
        String id = line.text().substring(0, tab);
        if (id.isEmpty() || id.chars().anyMatch(Character::isWhitespace)) {
            return new Topic(null, null, "the id '" + id + "' is empty or holds white space");
        }
        // of two topics with one id Anserini keeps the last and says nothing
        return ids.add(id)
                ? new Topic(id, line.text().substring(tab + 1), null)
                : new Topic(null, null, "the id '" + id + "' stands twice");
    }
}
