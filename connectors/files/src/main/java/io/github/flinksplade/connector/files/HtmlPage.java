package io.github.flinksplade.connector.files;

import java.util.List;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.Elements;
import org.jsoup.select.NodeTraversor;
import org.jsoup.select.NodeVisitor;

/**
 * The content of an HTML page.
 *
 * @param title null without one
 * @param text of the main element, else of the articles, else of the body
 */
record HtmlPage(String title, String text) {

    /** What is not content wherever it is. */
    private static final String BOILERPLATE =
            "script, style, noscript, template, nav, aside, footer, form, iframe, object, svg,"
                    + " canvas, audio, video, dialog, button, select, textarea, [hidden],"
                    + " [aria-hidden=true], [role=navigation], [role=banner],"
                    + " [role=contentinfo], [role=complementary], [role=search]";

    /** A page's header. That of an article contains its heading. */
    private static final String HEADER = "header";

    private static final List<String> MAIN = List.of("main, [role=main]", "article", "body");

    static HtmlPage parse(String html) {
        Document document = Jsoup.parse(html);
        String title = document.title().isBlank() ? null : document.title();
        Elements boilerplate = document.select(BOILERPLATE);
        boilerplate.remove();
        for (Element header : document.select(HEADER)) {
            if (header.closest("main, article") == null) {
                header.remove();
            }
        }
        for (String selector : MAIN) {
            TextBuilder text = new TextBuilder();
            for (Element element : document.select(selector)) {
                Element parent = element.parent();
                if (parent == null || parent.closest(selector) == null) {
                    NodeTraversor.traverse(text, element);
                }
            }
            String content = text.toString();
            if (!content.isEmpty()) {
                return new HtmlPage(title, content);
            }
        }
        return new HtmlPage(title, "");
    }

    /** Separates blocks by line feeds and table cells by tabs. */
    private static final class TextBuilder implements NodeVisitor {

        private final StringBuilder text = new StringBuilder();

        /** White space to write before the next character; 0 for none. */
        private char separator;

        private int preformatted;

        @Override
        public void head(Node node, int depth) {
            if (node instanceof TextNode leaf) {
                append(leaf.getWholeText());
            } else if (node instanceof Element element) {
                separate(element);
                preformatted += isPreformatted(element) ? 1 : 0;
            }
        }

        @Override
        public void tail(Node node, int depth) {
            if (node instanceof Element element) {
                preformatted -= isPreformatted(element) ? 1 : 0;
                separate(element);
            }
        }

        private static boolean isPreformatted(Element element) {
            return element.nameIs("pre");
        }

        private void separate(Element element) {
            if (element.nameIs("td") || element.nameIs("th")) {
                separateBy('\t');
            } else if (element.isBlock()) {
                separateBy('\n');
            } else if (element.nameIs("br")) {
                separateBy(preformatted > 0 ? '\n' : ' '); // within a sentence or an address
            }
        }

        /** Of adjacent separators, a line feed wins over a tab, and a tab over a space. */
        private void separateBy(char c) {
            if (separator == 0 || c == '\n' || c == '\t' && separator == ' ') {
                separator = c;
            }
        }

        private void append(String part) {
            for (int i = 0; i < part.length(); i++) {
                char c = part.charAt(i);
                boolean isSpace = Character.isWhitespace(c) || Character.isSpaceChar(c);
                if (isSpace && preformatted == 0) {
                    separateBy(' ');
                } else {
                    if (separator != 0 && !text.isEmpty()) {
                        text.append(separator);
                    }
                    separator = 0;
                    text.append(c);
                }
            }
        }

        @Override
        public String toString() {
            return text.toString().strip();
        }
    }
}
