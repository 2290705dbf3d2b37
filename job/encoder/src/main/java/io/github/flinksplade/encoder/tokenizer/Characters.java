package io.github.flinksplade.encoder.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * The Unicode tables of the Hugging Face library, which may differ from those of the JDK. They are
 * read from {@code characters.txt}, which was generated with the library and explains its format.
 */
final class Characters {

    /** The library's tables, loaded on first use. */
    static final Characters LIBRARY = new Characters();

    private static final int FIRST_HANGUL = 0xAC00;
    private static final int LAST_HANGUL = 0xD7A3;

    private final BitSet controls = new BitSet();
    private final BitSet spaces = new BitSet();
    private final BitSet punctuation = new BitSet();
    private final Map<Integer, int[]> orders = new HashMap<>();
    private final Map<Integer, int[]> bases = new HashMap<>();
    private final Map<Integer, int[]> lowers = new HashMap<>();

    private Characters() {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                Characters.class.getResourceAsStream("characters.txt"),
                                StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    read(line.split(" "));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read(String[] line) {
        for (int i = 1; i < line.length; i++) {
            switch (line[0]) {
                case "control" -> read(line[i], controls);
                case "space" -> read(line[i], spaces);
                case "punctuation" -> read(line[i], punctuation);
                case "order" -> read(line[i], orders);
                case "base" -> read(line[i], bases);
                case "lower" -> read(line[i], lowers);
                default -> throw new IllegalStateException("unknown line: " + line[0]);
            }
        }
    }

    private static void read(String entry, BitSet set) {
        Range range = Range.of(entry);
        set.set(range.from(), range.to() + 1);
    }

    private static void read(String entry, Map<Integer, int[]> map) {
        int sign = Math.max(entry.indexOf('='), entry.indexOf('+'));
        String target = entry.substring(sign + 1);
        Range range = Range.of(entry.substring(0, sign));
        int[] fixed = entry.charAt(sign) == '=' ? targets(target) : null;
        for (int c = range.from(); c <= range.to(); c += range.step()) {
            map.put(c, fixed != null ? fixed : new int[] {c + hex(target)});
        }
    }

    private static int[] targets(String dotted) {
        if (dotted.isEmpty()) {
            return new int[0];
        }
        String[] parts = dotted.split("\\.");
        int[] targets = new int[parts.length];
        for (int i = 0; i < parts.length; i++) {
            targets[i] = hex(parts[i]);
        }
        return targets;
    }

    private static int hex(String number) {
        return Integer.parseInt(number, 16);
    }

    /** Whether cleaning removes the character. */
    boolean isControl(int c) {
        return controls.get(c);
    }

    /** Whether the character is white space. */
    boolean isSpace(int c) {
        return spaces.get(c);
    }

    /** Whether the character is a separate word. */
    boolean isPunctuation(int c) {
        return punctuation.get(c);
    }

    /** The canonical order of a combining mark, lower first; 0 for other characters. */
    int order(int c) {
        int[] order = orders.get(c);
        return order == null ? 0 : order[0];
    }

    /** The canonical decomposition without accents; may be empty. */
    int[] base(int c) {
        if (c >= FIRST_HANGUL && c <= LAST_HANGUL) {
            int i = c - FIRST_HANGUL;
            int lead = 0x1100 + i / 588;
            int vowel = 0x1161 + i % 588 / 28;
            return i % 28 == 0 ? new int[] {lead, vowel} : new int[] {lead, vowel, 0x11A7 + i % 28};
        }
        int[] base = bases.get(c);
        return base == null ? new int[] {c} : base;
    }

    /** The lower case, usually one character. */
    int[] lower(int c) {
        int[] lower = lowers.get(c);
        return lower == null ? new int[] {c} : lower;
    }

    /** FROM, FROM-TO or FROM-TO/STEP. */
    private record Range(int from, int to, int step) {

        private static Range of(String text) {
            int slash = text.indexOf('/');
            String ends = slash < 0 ? text : text.substring(0, slash);
            int dash = ends.indexOf('-');
            int from = hex(dash < 0 ? ends : ends.substring(0, dash));
            return new Range(
                    from,
                    dash < 0 ? from : hex(ends.substring(dash + 1)),
                    slash < 0 ? 1 : hex(text.substring(slash + 1)));
        }
    }
}
