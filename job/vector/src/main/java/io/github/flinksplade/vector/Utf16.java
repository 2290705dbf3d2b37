package io.github.flinksplade.vector;

/**
 * Handles lone surrogates: halves of a character outside the basic multilingual plane, which JSON
 * can contain and UTF-8 cannot.
 */
public final class Utf16 {

    private static final char REPLACEMENT = '\uFFFD';

    private Utf16() {}

    /** Whether each surrogate is part of a pair. */
    public static boolean isWellFormed(String text) {
        return loneSurrogate(text, 0) < 0;
    }

    /** The string with U+FFFD in place of each lone surrogate. */
    public static String wellFormed(String text) {
        int lone = loneSurrogate(text, 0);
        if (lone < 0) {
            return text;
        }
        StringBuilder repaired = new StringBuilder(text);
        for (; lone >= 0; lone = loneSurrogate(text, lone + 1)) {
            repaired.setCharAt(lone, REPLACEMENT);
        }
        return repaired.toString();
    }

    /** The position of the first lone surrogate, or -1; {@code from} must not split a pair. */
    private static int loneSurrogate(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (i + 1 == text.length() || !Character.isSurrogatePair(c, text.charAt(i + 1))) {
                return i;
            }
            i++;
        }
        return -1;
    }
}
