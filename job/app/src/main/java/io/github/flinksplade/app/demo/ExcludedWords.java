package io.github.flinksplade.app.demo;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The words of {@code excluded-words.txt}, which no text of the demo contains.
 *
 * <p>Each line is a word or a phrase; {@code *} at the end of a word matches any continuation, and
 * a line that starts with {@code #} is a comment. Case and punctuation are ignored.
 */
public final class ExcludedWords {

    private static final String RESOURCE = "excluded-words.txt";
    private static final Pattern TOKEN = Pattern.compile("[a-z]+");

    /** Words and phrases, and the longest number of words of one. */
    private final Set<String> phrases = new HashSet<>();

    private int maxWords = 1;

    /** The starts of words that end with {@code *} in the file. */
    private final Set<String> prefixes = new HashSet<>();

    private ExcludedWords(List<String> lines) {
        for (String line : lines) {
            if (line.endsWith("*") && !line.contains(" ")) {
                prefixes.add(line.substring(0, line.length() - 1));
            } else {
                List<String> words = tokens(line);
                maxWords = Math.max(maxWords, words.size());
                phrases.add(String.join(" ", words));
            }
        }
    }

    /**
     * Reads the list from the class path.
     *
     * @throws IllegalStateException when it is missing
     */
    public static ExcludedWords read() throws IOException {
        return new ExcludedWords(ResourceLines.read(RESOURCE));
    }

    private static List<String> tokens(String text) {
        return TOKEN.matcher(text.toLowerCase(Locale.ROOT))
                .results()
                .map(MatchResult::group)
                .toList();
    }

    /** The first excluded word or phrase of a text, or null. */
    public String find(String text) {
        List<String> tokens = tokens(text);
        for (int start = 0; start < tokens.size(); start++) {
            String token = tokens.get(start);
            for (int length = 2; length <= token.length(); length++) {
                if (prefixes.contains(token.substring(0, length))) {
                    return token;
                }
            }
            int max = Math.min(tokens.size(), start + maxWords);
            for (int end = start + 1; end <= max; end++) {
                String phrase = String.join(" ", tokens.subList(start, end));
                if (phrases.contains(phrase)) {
                    return phrase;
                }
            }
        }
        return null;
    }

    boolean contains(String text) {
        return find(text) != null;
    }
}
