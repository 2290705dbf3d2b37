package io.github.flinksplade.vector;

/**
 * Writes JSON that every reader accepts, one value per line: lone surrogates are escaped, because
 * UTF-8 cannot encode them, and so are U+0085, U+2028 and U+2029, which some readers treat as line
 * ends.
 */
public final class JsonText {

    private static final char[] HEXADECIMAL = "0123456789abcdef".toCharArray();

    private JsonText() {}

    /** Appends the string as a JSON string, with quotation marks. */
    public static void appendString(StringBuilder json, String string) {
        json.append('"');
        int length = string.length();
        for (int i = 0; i < length; i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < ' ') {
                        escape(c, json);
                    } else {
                        i = appendCharacter(string, i, json);
                    }
                }
            }
        }
        json.append('"');
    }

    /** Appends the strings as a JSON array of strings. */
    public static void appendStrings(StringBuilder json, Iterable<String> strings) {
        char separator = '[';
        for (String string : strings) {
            json.append(separator);
            appendString(json, string);
            separator = ',';
        }
        json.append(separator == '[' ? "[]" : "]");
    }

    /**
     * Appends JSON text. Line ends in it are between values, where a space has the same meaning;
     * the other escaped characters are inside strings.
     */
    public static void appendJson(StringBuilder json, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || c == '\r') {
                json.append(' ');
            } else {
                i = appendCharacter(text, i, json);
            }
        }
    }

    /**
     * Appends the code point at {@code i}, escaped if necessary.
     *
     * @return the position of its last character
     */
    private static int appendCharacter(String string, int i, StringBuilder json) {
        char c = string.charAt(i);
        if (Character.isHighSurrogate(c)
                && i + 1 < string.length()
                && Character.isLowSurrogate(string.charAt(i + 1))) {
            json.append(c).append(string.charAt(i + 1));
            return i + 1;
        }
        if (Character.isSurrogate(c) || c == '\u0085' || c == '\u2028' || c == '\u2029') {
            escape(c, json);
        } else {
            json.append(c);
        }
        return i;
    }

    private static void escape(char c, StringBuilder json) {
        json.append("\\u")
                .append(HEXADECIMAL[c >> 12])
                .append(HEXADECIMAL[c >> 8 & 0xF])
                .append(HEXADECIMAL[c >> 4 & 0xF])
                .append(HEXADECIMAL[c & 0xF]);
    }
}
