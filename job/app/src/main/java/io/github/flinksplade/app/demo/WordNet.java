package io.github.flinksplade.app.demo;

import io.github.flinksplade.app.console.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The documents of the demo: common nouns of WordNet 3.1 with their definitions.
 *
 * <p>A line of {@code data.noun} is {@code offset category n count word id ... | definition;
 * "example"}. A noun is common if the definitions of all nouns use its words often, and if it
 * occurs often in the tagged texts of WordNet ({@code cntlist}).
 */
public final class WordNet {

    private static final String RESOURCES = "/net/sf/extjwnl/data/wordnet/wn31/";
    private static final Pattern WORD = Pattern.compile("[a-z]+");
    private static final Pattern COMMON = Pattern.compile("[a-z]{3,}");
    private static final int OCCURRENCE_WEIGHT = 5;

    /** The number of documents of each category. */
    private static final Map<Integer, Quota> QUOTAS = new LinkedHashMap<>();

    static {
        QUOTAS.put(5, new Quota("animal", 600));
        QUOTAS.put(6, new Quota("artifact", 1100));
        QUOTAS.put(8, new Quota("body", 200));
        QUOTAS.put(13, new Quota("food", 500));
        QUOTAS.put(17, new Quota("place", 200));
        QUOTAS.put(18, new Quota("person", 500));
        QUOTAS.put(19, new Quota("phenomenon", 100));
        QUOTAS.put(20, new Quota("plant", 300));
        QUOTAS.put(27, new Quota("substance", 200));
    }

    private record Quota(String category, int max) {}

    /**
     * A noun.
     *
     * @param id category and word, such as {@code animal/dog}; unique
     * @param words its synonyms
     * @param definition its definition, with examples if WordNet has any
     */
    public record Noun(String id, List<String> words, String definition) {}

    private record Candidate(
            int category, List<String> words, int sense, String definition, int occurrences) {}

    private WordNet() {}

    /** The most common nouns of each category; the result is deterministic. */
    public static List<Noun> nouns() throws IOException {
        Map<String, Integer> occurrences = occurrences();
        Map<String, Integer> uses = new HashMap<>();
        Map<Integer, List<Candidate>> candidates = new HashMap<>();
        try (BufferedReader lines = open("data.noun")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int bar = line.indexOf(" | ");
                if (line.startsWith(" ") || bar < 0) {
                    continue; // the license at the head of the file
                }
                String definition = line.substring(bar + 3).strip();
                Matcher words = WORD.matcher(definition);
                while (words.find()) {
                    uses.merge(words.group(), 1, Integer::sum);
                }
                Candidate candidate = candidate(line.substring(0, bar), definition, occurrences);
                if (candidate != null) {
                    candidates
                            .computeIfAbsent(candidate.category(), key -> new ArrayList<>())
                            .add(candidate);
                }
            }
        }
        List<Noun> nouns = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        QUOTAS.forEach(
                (category, quota) ->
                        candidates.getOrDefault(category, List.of()).stream()
                                .sorted(
                                        Comparator.comparingInt(
                                                        (Candidate one) -> -commonness(one, uses))
                                                .thenComparing(one -> one.words().get(0))
                                                .thenComparing(Candidate::definition))
                                .limit(quota.max())
                                .forEach(one -> nouns.add(noun(quota.category(), one, ids))));
        return nouns;
    }

    /**
     * The distinct definitions of all nouns, verbs, adjectives and adverbs, in the order of
     * WordNet's files: about 117,000.
     */
    public static List<String> definitions() throws IOException {
        Set<String> definitions = new LinkedHashSet<>();
        for (String file : List.of("data.noun", "data.verb", "data.adj", "data.adv")) {
            try (BufferedReader lines = open(file)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    int bar = line.indexOf(" | ");
                    if (!line.startsWith(" ") && bar >= 0) {
                        definitions.add(line.substring(bar + 3).strip());
                    }
                }
            }
        }
        return List.copyOf(definitions);
    }

    private static Candidate candidate(
            String head, String definition, Map<String, Integer> occurrences) {
        String[] fields = head.split(" ");
        int category = Integer.parseInt(fields[1]);
        if (!QUOTAS.containsKey(category)
                || !COMMON.matcher(fields[4]).matches()
                || definition.startsWith("(")) {
            return null;
        }
        int count = Integer.parseInt(fields[3], 16);
        List<String> words = new ArrayList<>();
        int max = 0;
        for (int i = 0; i < count; i++) {
            String word = fields[4 + 2 * i];
            int id = Integer.parseInt(fields[5 + 2 * i], 16);
            words.add(word.replace('_', ' '));
            max =
                    Math.max(
                            max,
                            occurrences.getOrDefault(
                                    String.format("%s%%1:%02d:%02d::", word, category, id), 0));
        }
        return new Candidate(category, words, Integer.parseInt(fields[5], 16), definition, max);
    }

    private static int commonness(Candidate one, Map<String, Integer> uses) {
        int max = 0;
        for (String word : one.words()) {
            max = Math.max(max, uses.getOrDefault(word, 0));
        }
        // a rare sense of a common word is not common
        return max / (1 + 3 * one.sense()) + OCCURRENCE_WEIGHT * one.occurrences();
    }

    private static Noun noun(String category, Candidate one, Set<String> ids) {
        String id = category + "/" + one.words().get(0);
        for (int i = 2; !ids.add(id); i++) {
            id = category + "/" + one.words().get(0) + "-" + i;
        }
        return new Noun(id, one.words(), one.definition());
    }

    /** The number of occurrences of each sense in the tagged texts, by its key. */
    private static Map<String, Integer> occurrences() throws IOException {
        Map<String, Integer> occurrences = new HashMap<>();
        try (BufferedReader lines = open("cntlist")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split(" ");
                occurrences.put(fields[1], Integer.parseInt(fields[0]));
            }
        }
        return occurrences;
    }

    private static BufferedReader open(String file) throws IOException {
        InputStream in = WordNet.class.getResourceAsStream(RESOURCES + file);
        if (in == null) {
            throw new UserException("WordNet's " + file + " is not on the class path");
        }
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }
}
