package io.github.flinksplade.connector.files;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The first heading of a Markdown file. */
final class MarkdownTitle {

    private static final Pattern HEADING =
            Pattern.compile(" {0,3}#{1,6}(?:[ \\t]+(.*?))??(?:[ \\t]+#+)?[ \\t]*");
    private static final Pattern UNDERLINE = Pattern.compile(" {0,3}(?:=+|-+)[ \\t]*");
    private static final Pattern FENCE = Pattern.compile(" {0,3}(`{3,}|~{3,}).*");
    private static final String FRONT_MATTER = "---";

    private MarkdownTitle() {}

    /** The text of the first heading, which is not in a code block; null without one. */
    static String of(String markdown) {
        String fence = null;
        String before = "";
        boolean isFrontMatter = false;
        int number = 0;
        for (String line : (Iterable<String>) markdown.lines()::iterator) {
            if (number++ == 0 && line.stripTrailing().equals(FRONT_MATTER)) {
                isFrontMatter = true;
                continue;
            }
            if (isFrontMatter) {
                isFrontMatter = !line.stripTrailing().equals(FRONT_MATTER);
                continue;
            }
            Matcher opening = FENCE.matcher(line);
            if (fence != null) {
                fence = line.strip().startsWith(fence) ? null : fence;
                before = "";
                continue;
            }
            if (opening.matches()) {
                fence = opening.group(1);
                continue;
            }
            Matcher heading = HEADING.matcher(line);
            if (heading.matches() && heading.group(1) != null && !heading.group(1).isBlank()) {
                return heading.group(1).strip();
            }
            if (!before.isBlank() && UNDERLINE.matcher(line).matches()) {
                return before.strip();
            }
            before = line;
        }
        return null;
    }
}
