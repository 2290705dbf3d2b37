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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Everyday things from WordNet 3.1, each with its definition: the documents of the demo.
 *
 * <p>A line of {@code data.noun} is {@code offset category n count word id ... | definition;
 * "example"}. How everyday a thing is, is read from two counts: how often the definitions of all
 * nouns use its words, and how often WordNet's makers met it in texts ({@code cntlist}).
 */
public final class WordNet {

    private static final String PLACE = "/net/sf/extjwnl/data/wordnet/wn31/";
    private static final Pattern WORD = Pattern.compile("[a-z]+");
    private static final Pattern EVERYDAY = Pattern.compile("[a-z]{3,}");
    private static final int SEEN_WEIGHT = 5;

    /** How many of each category. */
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

    private record Quota(String category, int most) {}

    /**
     * A thing.
     *
     * @param id category and word, such as {@code animal/dog}; unique
     * @param words what it is called
     * @param definition its definition, with examples if WordNet has some
     */
    public record Thing(String id, List<String> words, String definition) {}

    private record Candidate(
            int category, List<String> words, int sense, String definition, int seen) {}

    private WordNet() {}

    /** The most everyday things of each category; the same ones every time. */
    public static List<Thing> things() throws IOException {
        Map<String, Integer> seen = seen();
        Map<String, Integer> used = new HashMap<>();
        Map<Integer, List<Candidate>> candidates = new HashMap<>();
        try (BufferedReader lines = open("data.noun")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int bar = line.indexOf(" | ");
                if (line.startsWith(" ") || bar < 0) {
                    continue; // the licence at the head of the file
                }
                String definition = line.substring(bar + 3).strip();
                Matcher words = WORD.matcher(definition);
                while (words.find()) {
                    used.merge(words.group(), 1, Integer::sum);
                }
                Candidate candidate = candidate(line.substring(0, bar), definition, seen);
                if (candidate != null) {
                    candidates
                            .computeIfAbsent(candidate.category(), key -> new ArrayList<>())
                            .add(candidate);
                }
            }
        }
        List<Thing> things = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        QUOTAS.forEach(
                (category, quota) ->
                        candidates.getOrDefault(category, List.of()).stream()
                                .sorted(
                                        Comparator.comparingInt(
                                                        (Candidate one) -> -everyday(one, used))
                                                .thenComparing(one -> one.words().get(0))
                                                .thenComparing(Candidate::definition))
                                .limit(quota.most())
                                .forEach(one -> things.add(thing(quota.category(), one, ids))));
        return things;
    }

    private static Candidate candidate(String head, String definition, Map<String, Integer> seen) {
        String[] fields = head.split(" ");
        int category = Integer.parseInt(fields[1]);
        if (!QUOTAS.containsKey(category)
                || !EVERYDAY.matcher(fields[4]).matches()
                || definition.startsWith("(")) {
            return null;
        }
        int count = Integer.parseInt(fields[3], 16);
        List<String> words = new ArrayList<>();
        int most = 0;
        for (int i = 0; i < count; i++) {
            String word = fields[4 + 2 * i];
            int id = Integer.parseInt(fields[5 + 2 * i], 16);
            words.add(word.replace('_', ' '));
            most =
                    Math.max(
                            most,
                            seen.getOrDefault(
                                    String.format("%s%%1:%02d:%02d::", word, category, id), 0));
        }
        return new Candidate(category, words, Integer.parseInt(fields[5], 16), definition, most);
    }

    private static int everyday(Candidate one, Map<String, Integer> used) {
        int most = 0;
        for (String word : one.words()) {
            most = Math.max(most, used.getOrDefault(word, 0));
        }
        // a rare sense of a common word is not everyday
        return most / (1 + 3 * one.sense()) + SEEN_WEIGHT * one.seen();
    }

    private static Thing thing(String category, Candidate one, Set<String> ids) {
        String id = category + "/" + one.words().get(0);
        for (int i = 2; !ids.add(id); i++) {
            id = category + "/" + one.words().get(0) + "-" + i;
        }
        return new Thing(id, one.words(), one.definition());
    }

    /** How often each sense was met in texts, by its key. */
    private static Map<String, Integer> seen() throws IOException {
        Map<String, Integer> seen = new HashMap<>();
        try (BufferedReader lines = open("cntlist")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split(" ");
                seen.put(fields[1], Integer.parseInt(fields[0]));
            }
        }
        return seen;
    }

    private static BufferedReader open(String file) throws IOException {
        InputStream in = WordNet.class.getResourceAsStream(PLACE + file);
        if (in == null) {
            throw new UserException(
                    "WordNet's " + file + " is not on the class path; this build lacks it");
        }
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }
}
