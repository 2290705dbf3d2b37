package io.github.flinksplade.evaluation;

/** Text in markup. */
final class Markup {

    private Markup() {}

    /** Escapes text for element content and attributes; what XML does not allow becomes U+FFFD. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints()
                .forEach(
                        point -> {
                            switch (point) {
                                case '&' -> escaped.append("&amp;");
                                case '<' -> escaped.append("&lt;");
                                case '>' -> escaped.append("&gt;");
                                case '"' -> escaped.append("&quot;");
                                case '\'' -> escaped.append("&#39;");
                                default ->
                                        escaped.appendCodePoint(isAllowed(point) ? point : 0xFFFD);
                            }
                        });
        return escaped.toString();
    }

    private static boolean isAllowed(int point) {
        return point == '\t'
                || point == '\n'
                || point == '\r'
                || point >= 0x20 && point < 0xD800
                || point > 0xDFFF && point < 0xFFFE
                || point > 0xFFFF;
    }
}
