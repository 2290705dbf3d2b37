package io.github.flinksplade.encoder.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Asks the Hugging Face library for its Unicode tables and writes {@code characters.txt}. To be run
 * by hand (its main method with the file's path, a minute) when the library's version changes and
 * {@link WordPieceTest} says that they differ.
 */
final class CharactersWriter {

    private static final String HEAD =
            """
            # What Hugging Face tokenizers takes each character for; written by CharactersWriter, not by hand.
            # All numbers are hexadecimal. FROM-TO/STEP is every STEPth character of a range; "=" says
            # what each becomes (characters with dots between, or nothing), "+" how far away that is.
            # control: removed by cleaning. space, punctuation: as BertPreTokenizer splits words.
            # order: canonical ordering among marks, lower first. base: decomposed, without nonspacing
            # marks (Hangul syllables left out). lower: in lower case.
            """;

    private static final int BATCH = 512;

    /** A mark that canonical ordering puts first, and one that it puts last. */
    private static final String FIRST_MARK = "\u0334";

    private static final String LAST_MARK = "\u0345";

    private final StringBuilder file = new StringBuilder(HEAD);

    public static void main(String[] arguments) throws IOException {
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        CharactersWriter writer = new CharactersWriter();
        writer.write();
        Files.writeString(Path.of(arguments[0]), writer.file);
    }

    private void write() throws IOException {
        TreeSet<Integer> controls = new TreeSet<>();
        normalised(bert(true, false, false))
                .forEach(
                        (c, to) -> {
                            if (to.isEmpty()) {
                                controls.add(c);
                            }
                        });
        set("control", controls);
        splits();
        orders();
        Map<Integer, String> bases = normalised(bert(false, true, false));
        bases.keySet().removeIf(c -> c >= 0xAC00 && c <= 0xD7A3);
        map("base", bases);
        map("lower", normalised(bert(false, false, true)));
    }

    private static String bert(boolean clean, boolean strip, boolean lower) {
        return ("{'type':'BertNormalizer','clean_text':%b,'handle_chinese_chars':false,"
                        + "'strip_accents':%b,'lowercase':%b}")
                .formatted(clean, strip, lower);
    }

    /** A tokenizer whose tokens are the bytes of the normalised text. */
    private static HuggingFaceTokenizer bytes(String normalizer, String first) throws IOException {
        StringBuilder vocabulary = new StringBuilder();
        int unprintable = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > 32 && b < 127 || b > 160 && b != 173;
            vocabulary.append(
                    "%s\"\\u%04x\":%d"
                            .formatted(b == 0 ? "" : ",", printable ? b : unprintable++, b));
        }
        String json =
                ("{'version':'1.0','added_tokens':[],'normalizer':"
                                        + normalizer
                                        + ",'pre_tokenizer':{'type':'Sequence','pretokenizers':["
                                        + first
                                        + "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':false,"
                                        + "'use_regex':false}]},'model':{'type':'BPE','merges':[],'vocab':{")
                                .replace('\'', '"')
                        + vocabulary
                        + "}}}";
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                Map.of("truncation", "false", "padding", "false"));
    }

    private static List<List<String>> everyCharacter() {
        return IntStream.rangeClosed(0, Character.MAX_CODE_POINT / BATCH)
                .mapToObj(batch -> IntStream.range(batch * BATCH, (batch + 1) * BATCH))
                .map(
                        batch ->
                                batch.filter(c -> Character.getType(c) != Character.SURROGATE)
                                        .mapToObj(Character::toString)
                                        .toList())
                .filter(batch -> !batch.isEmpty())
                .toList();
    }

    /** What the normaliser makes of each sample between two letters. */
    private static List<String> normalise(HuggingFaceTokenizer tokenizer, List<String> samples) {
        String text = samples.stream().map(s -> "a" + s + "b||").collect(Collectors.joining());
        String[] parts =
                (string(tokenizer.encode(text, false, false).getIds()) + "a").split("b\\|\\|a", -1);
        if (parts.length != samples.size() + 1) {
            throw new IllegalStateException("cannot be told apart: " + samples);
        }
        parts[0] = parts[0].substring(1);
        return List.of(parts).subList(0, samples.size());
    }

    private static String string(long[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (long id : ids) {
            bytes.write((int) id);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** The characters that a normaliser changes, and what they become. */
    private static Map<Integer, String> normalised(String normalizer) throws IOException {
        Map<Integer, String> changed = new TreeMap<>();
        try (HuggingFaceTokenizer tokenizer = bytes(normalizer, "")) {
            for (List<String> batch : everyCharacter()) {
                List<String> results = normalise(tokenizer, batch);
                for (int i = 0; i < batch.size(); i++) {
                    if (!results.get(i).equals(batch.get(i))) {
                        changed.put(batch.get(i).codePointAt(0), results.get(i));
                    }
                }
            }
        }
        return changed;
    }

    private void splits() throws IOException {
        TreeSet<Integer> spaces = new TreeSet<>();
        TreeSet<Integer> punctuation = new TreeSet<>();
        try (HuggingFaceTokenizer tokenizer = bytes("null", "{'type':'BertPreTokenizer'},")) {
            for (List<String> batch : everyCharacter()) {
                String text =
                        batch.stream().map(s -> "a" + s + "b\n").collect(Collectors.joining());
                List<String> words = words(tokenizer.encode(text, false, false));
                int word = 0;
                for (String character : batch) {
                    if (words.get(word).equals("a" + character + "b")) {
                        word++;
                    } else if (words.get(word + 1).equals("b")) {
                        spaces.add(character.codePointAt(0));
                        word += 2;
                    } else {
                        punctuation.add(character.codePointAt(0));
                        word += 3;
                    }
                }
            }
        }
        set("space", spaces);
        set("punctuation", punctuation);
    }

    private static List<String> words(Encoding encoding) {
        Map<Long, List<Long>> bytes = new TreeMap<>();
        long[] words = encoding.getWordIds();
        for (int i = 0; i < words.length; i++) {
            bytes.computeIfAbsent(words[i], w -> new ArrayList<>()).add(encoding.getIds()[i]);
        }
        return bytes.values().stream()
                .map(ids -> string(ids.stream().mapToLong(Long::longValue).toArray()))
                .toList();
    }

    private void orders() throws IOException {
        try (HuggingFaceTokenizer nfd = bytes("{'type':'NFD'}", "")) {
            Map<String, String> marks = marks(nfd);
            List<String> whole =
                    marks.keySet().stream().filter(c -> c.equals(marks.get(c))).toList();
            Map<Integer, Long> later = new TreeMap<>();
            marks.forEach(
                    (mark, parts) -> {
                        // the first part stands for all: such a mark is always taken away
                        String first = Character.toString(parts.codePointAt(0));
                        List<String> pairs = whole.stream().map(other -> first + other).toList();
                        List<String> results = normalise(nfd, pairs);
                        later.put(
                                mark.codePointAt(0),
                                IntStream.range(0, pairs.size())
                                        .filter(i -> !results.get(i).equals(pairs.get(i)))
                                        .count());
                    });
            List<Long> ranks = later.values().stream().distinct().sorted().toList();
            Map<Integer, String> orders = new TreeMap<>();
            later.forEach((c, n) -> orders.put(c, Character.toString(1 + ranks.indexOf(n))));
            map("order", orders);
        }
    }

    /** What canonical ordering moves, and the parts of each. */
    private static Map<String, String> marks(HuggingFaceTokenizer nfd) {
        Map<String, String> marks = new TreeMap<>();
        marks.put(FIRST_MARK, FIRST_MARK);
        marks.put(LAST_MARK, LAST_MARK);
        for (List<String> batch : everyCharacter()) {
            List<String> alone = normalise(nfd, batch);
            List<String> before = normalise(nfd, batch.stream().map(c -> c + FIRST_MARK).toList());
            List<String> after = normalise(nfd, batch.stream().map(c -> LAST_MARK + c).toList());
            for (int i = 0; i < batch.size(); i++) {
                if (before.get(i).startsWith(FIRST_MARK)
                        || !after.get(i).equals(LAST_MARK + alone.get(i))) {
                    marks.put(batch.get(i), alone.get(i));
                }
            }
        }
        return marks;
    }

    private void set(String name, TreeSet<Integer> set) {
        List<String> ranges = new ArrayList<>();
        Integer from = null;
        for (int c : set) {
            from = from == null ? (Integer) c : from;
            // a range may run over the surrogates, which no text has
            int next = c + 1 == Character.MIN_SURROGATE ? Character.MAX_SURROGATE + 1 : c + 1;
            if (!set.contains(next)) {
                ranges.add(range(from, c, 1));
                from = null;
            }
        }
        lines(name, ranges);
    }

    private static String range(int from, int to, int step) {
        return from == to
                ? Integer.toHexString(from)
                : Integer.toHexString(from)
                        + "-"
                        + Integer.toHexString(to)
                        + (step == 1 ? "" : "/" + step);
    }

    private void map(String name, Map<Integer, String> map) {
        Map<Integer, String> left = new TreeMap<>(map);
        List<String> entries = new ArrayList<>();
        while (!left.isEmpty()) {
            int from = left.keySet().iterator().next();
            String best = null;
            int most = 0;
            int bestStep = 1;
            for (int step : new int[] {1, 2}) {
                for (boolean same : new boolean[] {true, false}) {
                    String to = to(from, left.get(from), same);
                    int count = 0;
                    for (int c = from;
                            left.containsKey(c) && to.equals(to(c, left.get(c), same));
                            c += step) {
                        count++;
                    }
                    if (count > most && !to.isEmpty()) {
                        most = count;
                        best = to;
                        bestStep = step;
                    }
                }
            }
            int last = from + (most - 1) * bestStep;
            entries.add(range(from, last, bestStep) + best);
            for (int c = from; c <= last; c += bestStep) {
                left.remove(c);
            }
        }
        lines(name, entries);
    }

    /** How an entry writes its target; empty where that is not one character. */
    private static String to(int c, String target, boolean same) {
        if (same) {
            return "="
                    + target.codePoints()
                            .mapToObj(Integer::toHexString)
                            .collect(Collectors.joining("."));
        }
        return target.codePointCount(0, target.length()) == 1
                ? "+" + Integer.toString(target.codePointAt(0) - c, 16)
                : "";
    }

    private void lines(String name, List<String> entries) {
        StringBuilder line = new StringBuilder(name);
        for (String entry : entries) {
            if (line.length() + entry.length() > 98) {
                file.append(line).append('\n');
                line = new StringBuilder(name);
            }
            line.append(' ').append(entry);
        }
        file.append(line).append('\n');
    }
}
