package io.github.flinksplade.app.demo;

import io.github.flinksplade.app.console.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * WordNet 3.1: its nouns, and the definitions of all words.
 *
 * <p>A line of {@code index.noun} is {@code word n count ... offset ...}, with the offset of each
 * sense, the most frequent one first. A line of {@code data.noun} is {@code offset file type n word
 * id ... m pointer offset type fields ... | definition; "example"}, with n (hexadecimal) synonyms
 * and m pointers, of which {@code @} and {@code @i} are to what the noun is a kind or an instance
 * of.
 */
public final class WordNet {

    private static final String RESOURCES = "/net/sf/extjwnl/data/wordnet/wn31/";

    /** The field of a sense with the number of its synonyms. */
    private static final int SYNONYMS = 3;

    private static final int POINTER_FIELDS = 4;

    private static final Pattern EXAMPLES = Pattern.compile("[;:] \".*");
    private static final Pattern PLURAL = Pattern.compile("^\\((?:[a-z]+ )?plural\\) ");

    /**
     * A meaning of a noun.
     *
     * @param file the number of its lexicographer file, such as 5 for animals
     * @param definition without examples, and without the remark that the noun is a plural
     * @param name the first of its synonyms
     * @param broader the offset of the sense it is a kind of; empty if WordNet has none
     */
    record Sense(int file, String definition, String name, Optional<String> broader) {}

    /** The offsets of the senses of a noun, the most frequent one first. */
    private final Map<String, List<String>> offsets = new HashMap<>();

    private final Map<String, Sense> senses = new HashMap<>();

    private WordNet() {}

    /** Reads WordNet from the class path. */
    static WordNet read() throws IOException {
        WordNet wordNet = new WordNet();
        lines("index.noun", wordNet::addNoun);
        lines("data.noun", wordNet::addSense);
        return wordNet;
    }

    /**
     * The distinct definitions, with examples, of all nouns, verbs, adjectives and adverbs, in the
     * order of WordNet's files: about 117,000.
     */
    public static List<String> definitions() throws IOException {
        Set<String> definitions = new LinkedHashSet<>();
        for (String file : List.of("data.noun", "data.verb", "data.adj", "data.adv")) {
            lines(
                    file,
                    line -> {
                        int bar = line.indexOf(" | ");
                        if (bar >= 0) {
                            definitions.add(line.substring(bar + 3).strip());
                        }
                    });
        }
        return List.copyOf(definitions);
    }

    private static void lines(String file, Consumer<String> consumer) throws IOException {
        InputStream in = WordNet.class.getResourceAsStream(RESOURCES + file);
        if (in == null) {
            throw new UserException("WordNet's " + file + " is not on the class path");
        }
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith(" ")) { // the license at the head of the file
                    consumer.accept(line);
                }
            }
        }
    }

    private void addNoun(String line) {
        String[] fields = line.strip().split(" +");
        int count = Integer.parseInt(fields[2]);
        offsets.put(
                fields[0].replace('_', ' '),
                List.of(Arrays.copyOfRange(fields, fields.length - count, fields.length)));
    }

    private void addSense(String line) {
        int bar = line.indexOf(" | ");
        String[] fields = line.substring(0, bar).split(" ");
        String gloss = line.substring(bar + 3).strip();
        String definition = EXAMPLES.matcher(gloss).replaceFirst("");
        senses.put(
                fields[0],
                new Sense(
                        Integer.parseInt(fields[1]),
                        PLURAL.matcher(definition).replaceFirst(""),
                        fields[SYNONYMS + 1].replace('_', ' '),
                        broader(fields)));
    }

    private static Optional<String> broader(String[] fields) {
        int pointers = SYNONYMS + 1 + 2 * Integer.parseInt(fields[SYNONYMS], 16);
        for (int pointer = pointers + 1; pointer < fields.length; pointer += POINTER_FIELDS) {
            if (fields[pointer].equals("@") || fields[pointer].equals("@i")) {
                return Optional.of(fields[pointer + 1]);
            }
        }
        return Optional.empty();
    }

    /** What a noun of that sense is a kind of, such as "motor vehicle" for a car. */
    Optional<String> kind(Sense sense) {
        return sense.broader().map(senses::get).map(Sense::name);
    }

    /** The senses of a noun, the most frequent one first; empty for an unknown noun. */
    List<Sense> senses(String noun) {
        return offsets.getOrDefault(noun, List.of()).stream().map(senses::get).toList();
    }
}
