package io.github.flinksplade.app.demo;

import io.github.flinksplade.app.demo.WordNet.Sense;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The documents of the demo: the nouns of {@code everyday-words.txt} with their definitions in
 * WordNet 3.1. Synonyms are left to the model, which shows what it is for.
 *
 * <p>A line of the file is {@code category: noun, noun, ...}. The definition is that of the most
 * frequent sense in the category without {@link ExcludedWords}; {@code noun#2} is the second one.
 */
public final class Dictionary {

    private static final String RESOURCE = "everyday-words.txt";

    /** The numbers of WordNet's lexicographer files, by category. */
    private static final Map<String, Integer> FILES =
            Map.ofEntries(
                    Map.entry("activity", 4),
                    Map.entry("animal", 5),
                    Map.entry("artifact", 6),
                    Map.entry("body", 8),
                    Map.entry("communication", 10),
                    Map.entry("event", 11),
                    Map.entry("feeling", 12),
                    Map.entry("food", 13),
                    Map.entry("group", 14),
                    Map.entry("illness", 26),
                    Map.entry("money", 21),
                    Map.entry("nature", 17),
                    Map.entry("person", 18),
                    Map.entry("phenomenon", 19),
                    Map.entry("place", 15),
                    Map.entry("plant", 20),
                    Map.entry("science", 9),
                    Map.entry("shape", 25),
                    Map.entry("substance", 27),
                    Map.entry("time", 28));

    /**
     * An entry.
     *
     * @param id category and title, such as {@code animal/guinea-pig}; unique
     * @param title the noun
     * @param text title, definition and what it is a kind of
     */
    public record Entry(String id, String title, String text) {}

    private final WordNet wordNet;
    private final ExcludedWords excludedWords;

    private Dictionary(WordNet wordNet, ExcludedWords excludedWords) {
        this.wordNet = wordNet;
        this.excludedWords = excludedWords;
    }

    /**
     * The entries, in the order of the file.
     *
     * @throws IllegalStateException when a noun has no such sense in its category
     */
    public static List<Entry> entries() throws IOException {
        Dictionary dictionary = new Dictionary(WordNet.read(), ExcludedWords.read());
        List<Entry> entries = new ArrayList<>();
        for (String line : ResourceLines.read(RESOURCE)) {
            String[] parts = line.split(": ", 2);
            for (String noun : parts[1].split(", ")) {
                entries.add(dictionary.entry(parts[0], noun));
            }
        }
        return entries;
    }

    private Entry entry(String category, String nounAndRank) {
        String[] parts = nounAndRank.split("#");
        String noun = parts[0];
        int rank = parts.length == 1 ? 1 : Integer.parseInt(parts[1]);
        Sense sense =
                wordNet.senses(noun).stream()
                        .filter(one -> FILES.get(category).equals(one.file()))
                        .filter(one -> !excludedWords.contains(one.definition()))
                        .skip(rank - 1L)
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                RESOURCE
                                                        + " lists '"
                                                        + nounAndRank
                                                        + "', which is not a noun of the category "
                                                        + category
                                                        + " in WordNet. Remove it"));
        return new Entry(
                category + "/" + noun.replace(' ', '-'),
                noun,
                noun + ": " + sense.definition() + kind(noun, sense));
    }

    /** What the noun is a kind of, as the end of its text. */
    private String kind(String noun, Sense sense) {
        return wordNet.kind(sense)
                .filter(kind -> !kind.equalsIgnoreCase(noun) && !excludedWords.contains(kind))
                .map(kind -> "; a kind of " + kind)
                .orElse("");
    }
}
