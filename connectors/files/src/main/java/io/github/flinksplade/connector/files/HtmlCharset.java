package io.github.flinksplade.connector.files;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The charset of an HTML page: of its byte order mark, else of its declaration. */
final class HtmlCharset {

    /** Within how many bytes a page declares its charset; the standard requires 1,024. */
    private static final int DECLARATION_BYTES = 8 << 10;

    private static final Pattern DECLARATION =
            Pattern.compile(
                    "<meta\\s[^>]*charset\\s*=\\s*[\"']?\\s*([\\w.:-]+)"
                            + "|^\\s*<\\?xml\\s[^>]*encoding\\s*=\\s*[\"']([\\w.:-]+)",
                    Pattern.CASE_INSENSITIVE);
    private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);

    private HtmlCharset() {}

    /**
     * @param configured the charset of pages without a declaration
     */
    static Charset of(byte[] page, String configured) {
        Charset marked = FileCharset.ofMark(page);
        if (marked != null) {
            return marked;
        }
        String start =
                new String(
                        page,
                        0,
                        Math.min(page.length, DECLARATION_BYTES),
                        StandardCharsets.ISO_8859_1);
        Matcher declaration = DECLARATION.matcher(COMMENT.matcher(start).replaceAll(""));
        if (!declaration.find()) {
            return Charset.forName(configured);
        }
        String name = declaration.group(1) != null ? declaration.group(1) : declaration.group(2);
        // as browsers do
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "iso-8859-1", "latin1", "us-ascii", "ascii" -> Charset.forName("windows-1252");
            case "utf-16", "utf-16le", "utf-16be" -> StandardCharsets.UTF_8;
            default -> supported(name, configured);
        };
    }

    private static Charset supported(String name, String otherwise) {
        try {
            return Charset.forName(Charset.isSupported(name) ? name : otherwise);
        } catch (IllegalCharsetNameException e) {
            return Charset.forName(otherwise);
        }
    }
}
