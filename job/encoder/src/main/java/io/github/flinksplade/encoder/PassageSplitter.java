package io.github.flinksplade.encoder;

import java.lang.Character.UnicodeScript;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Splits texts into passages that the model can encode completely. A passage ends at the last end
 * of a paragraph in its second half, otherwise at that of a sentence or line, otherwise after a
 * word; only a word that exceeds the limit is cut, between characters. Together the passages
 * contain every character of the text, except white space between them.
 *
 * <p>The passages of a text depend on the text, the tokenizer and the limits only. Safe for use by
 * multiple threads.
 */
public final class PassageSplitter {

    /** Scripts without spaces between words, where a line may break between most characters. */
    private static final Set<UnicodeScript> WITHOUT_SPACES =
            EnumSet.of(
                    UnicodeScript.HAN,
                    UnicodeScript.HIRAGANA,
                    UnicodeScript.KATAKANA,
                    UnicodeScript.THAI,
                    UnicodeScript.LAO,
                    UnicodeScript.KHMER,
                    UnicodeScript.MYANMAR);

    /** Unlike the BreakIterator of Java 17, it knows sequences of emoji. */
    private static final Pattern GRAPHEME_CLUSTER = Pattern.compile("\\X");

    /** Number of characters of the first attempt; later ones start with the previous passage's. */
    private static final int FIRST_CHARACTERS = 512;

    private final Tokenizer tokenizer;
    private final int maxTokens;
    private final int overlapTokens;

    /** Number of special tokens that the tokenizer adds to each text. */
    private final int specialTokens;

    /**
     * A part of a text.
     *
     * @param start the position of its first character, in UTF-16 code units as in {@link
     *     String#charAt}
     * @param end the position after its last character
     */
    public record Passage(int start, int end) {

        /** The passage's text. */
        public String of(String text) {
            return text.substring(start, end);
        }
    }

    /**
     * Creates a splitter.
     *
     * @param maxTokens max number of tokens of a passage, special tokens included
     * @param overlapTokens max number of tokens, without special tokens, that a passage repeats of
     *     the one before; 0 for none
     * @throws IllegalArgumentException if a limit is too small, or the overlap exceeds half of it
     */
    public PassageSplitter(Tokenizer tokenizer, int maxTokens, int overlapTokens) {
        this.tokenizer = tokenizer;
        this.maxTokens = maxTokens;
        this.overlapTokens = overlapTokens;
        this.specialTokens = count("");
        if (maxTokens < specialTokens + 8) {
            throw new IllegalArgumentException(
                    "a passage needs at least "
                            + (specialTokens + 8)
                            + " tokens, not "
                            + maxTokens);
        }
        if (overlapTokens < 0 || overlapTokens > maxTokens / 2) {
            throw new IllegalArgumentException(
                    "the overlap of passages must be from 0 to half of their tokens ("
                            + maxTokens / 2
                            + "), not "
                            + overlapTokens);
        }
    }

    private int count(String text) {
        return tokenizer.tokenize(text, Role.DOCUMENT).tokens();
    }

    /**
     * The passages of a text, in order; one, possibly empty, for a text that fits.
     *
     * @throws EncodingException if the text cannot be tokenized
     */
    public List<Passage> split(String text) {
        int end = endOfText(text);
        int start = skipSpace(text, 0, end);
        if (start >= end) {
            return List.of(new Passage(0, 0));
        }
        if (fits(text, start, end)) {
            return List.of(new Passage(start, end));
        }
        Breaks breaks = new Breaks(text);
        List<Passage> passages = new ArrayList<>();
        int cut = cut(text, start, end, breaks, FIRST_CHARACTERS);
        while (true) {
            Passage passage = new Passage(start, trimEnd(text, start, cut));
            passages.add(passage);
            if (cut >= end) {
                return passages;
            }
            int characters = Math.max(1, passage.end() - start);
            int next = skipSpace(text, overlapStart(text, start, cut, breaks), end);
            int nextCut = cut(text, next, end, breaks, characters);
            if (trimEnd(text, next, nextCut) <= passage.end()) {
                // the overlap must not keep the next passage from reaching further than this one
                next = skipSpace(text, cut, end);
                nextCut = cut(text, next, end, breaks, characters);
            }
            start = next;
            cut = nextCut;
        }
    }

    /** Where a passage ends that starts at {@code start}, white space included. */
    private int cut(String text, int start, int end, Breaks breaks, int characters) {
        int max = longest(text, start, end, breaks, characters);
        return max == end ? end : breaks.bestEnd(start, max);
    }

    /**
     * The largest end of a passage from {@code start} that fits, at a word boundary if possible.
     */
    private int longest(String text, int start, int end, Breaks breaks, int characters) {
        int[] words = breaks.words;
        int first = after(words, start);
        int longest =
                first < words.length
                        ? search(
                                words,
                                first,
                                after(words, start + characters),
                                position -> fits(text, start, Math.min(position, end)))
                        : -1;
        if (longest >= 0) {
            return Math.min(words[longest], end);
        }
        int wordEnd = first < words.length ? Math.min(words[first], end) : end;
        return insideWord(text, start, wordEnd);
    }

    private boolean fits(String text, int start, int end) {
        return count(text.substring(start, end)) <= maxTokens;
    }

    /**
     * The last index of ascending positions that satisfies the condition, which holds for all
     * positions up to some; -1 if even the first does not.
     *
     * @param guess the index to try first
     */
    private static int search(int[] positions, int first, int guess, IntPredicate holds) {
        int low = first - 1; // holds, or before the first
        int high = positions.length; // does not hold
        int probe = Math.max(first, Math.min(guess, positions.length - 1));
        int step = 1;
        while (low + 1 < high) {
            if (holds.test(positions[probe])) {
                low = probe;
                probe = high == positions.length ? probe + step : (low + high) >>> 1;
                step *= 2;
            } else {
                high = probe;
                probe = (low + high) >>> 1;
            }
            probe = Math.max(low + 1, Math.min(probe, high - 1));
        }
        return low < first ? -1 : low;
    }

    /** Where to cut a word that exceeds the limit: between grapheme clusters, else code points. */
    private int insideWord(String text, int start, int wordEnd) {
        String word = text.substring(start, wordEnd);
        int[] ends = GRAPHEME_CLUSTER.matcher(word).results().mapToInt(MatchResult::end).toArray();
        int longest = search(ends, 0, maxTokens, position -> fits(word, 0, position));
        if (longest >= 0) {
            return start + ends[longest];
        }
        int[] codePoints = new int[word.codePointCount(0, word.length())];
        for (int i = 0, position = 0; i < codePoints.length; i++) {
            position += Character.charCount(word.codePointAt(position));
            codePoints[i] = position;
        }
        int last = search(codePoints, 0, 0, position -> fits(word, 0, position));
        return start + codePoints[Math.max(last, 0)];
    }

    /** Where the next passage starts, so that it repeats at most the overlap. */
    private int overlapStart(String text, int start, int cut, Breaks breaks) {
        if (overlapTokens == 0) {
            return cut;
        }
        int[] words = breaks.words;
        int next = cut;
        for (int i = after(words, cut - 1) - 1; i >= 0 && words[i] > start; i--) {
            if (count(text.substring(words[i], cut)) - specialTokens > overlapTokens) {
                break;
            }
            next = words[i];
        }
        return next;
    }

    private static int endOfText(String text) {
        return trimEnd(text, 0, text.length());
    }

    private static int trimEnd(String text, int start, int end) {
        int trimmed = end;
        while (trimmed > start && Character.isWhitespace(text.charAt(trimmed - 1))) {
            trimmed--;
        }
        return trimmed;
    }

    private static int skipSpace(String text, int start, int end) {
        int next = start;
        while (next < end && Character.isWhitespace(text.charAt(next))) {
            next++;
        }
        return next;
    }

    /** The index of the first position that is larger. */
    private static int after(int[] positions, int position) {
        int index = Arrays.binarySearch(positions, position + 1);
        return index < 0 ? -index - 1 : index;
    }

    private static int[] ends(BreakIterator iterator, String text) {
        iterator.setText(text);
        int[] ends = new int[text.length()];
        int count = 0;
        iterator.first();
        for (int end = iterator.next(); end != BreakIterator.DONE; end = iterator.next()) {
            ends[count++] = end;
        }
        return Arrays.copyOf(ends, count);
    }

    /** The positions at which a text may be cut, ascending; the last one is its end. */
    private static final class Breaks {

        final int[] words;
        private final int[] sentences;
        private final int[] paragraphs;

        Breaks(String text) {
            words =
                    Arrays.stream(ends(BreakIterator.getLineInstance(Locale.ROOT), text))
                            .filter(end -> isBetweenWords(text, end))
                            .toArray();
            sentences = ends(BreakIterator.getSentenceInstance(Locale.ROOT), text);
            paragraphs = Arrays.stream(words).filter(end -> isAfterBlankLine(text, end)).toArray();
        }

        /** A line may also be broken after a hyphen or slash, which can be inside a word. */
        private static boolean isBetweenWords(String text, int end) {
            return end == text.length()
                    || Character.isWhitespace(text.charAt(end - 1))
                    || WITHOUT_SPACES.contains(UnicodeScript.of(text.codePointBefore(end)))
                    || WITHOUT_SPACES.contains(UnicodeScript.of(text.codePointAt(end)));
        }

        private static boolean isAfterBlankLine(String text, int end) {
            int lines = 0;
            for (int i = end - 1; i >= 0 && Character.isWhitespace(text.charAt(i)); i--) {
                if (text.charAt(i) == '\n' && ++lines == 2) {
                    return true;
                }
            }
            return false;
        }

        /** The best end in the second half of a passage, whose largest end is {@code max}. */
        int bestEnd(int start, int max) {
            int min = Math.max(start + 1, start + (max - start) / 2);
            for (int[] ends : new int[][] {paragraphs, sentences}) {
                int last = after(ends, max) - 1;
                if (last >= 0 && ends[last] >= min) {
                    return ends[last];
                }
            }
            return max;
        }
    }
}
