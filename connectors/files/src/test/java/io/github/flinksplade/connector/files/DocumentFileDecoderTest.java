package io.github.flinksplade.connector.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import org.junit.jupiter.api.Test;

class DocumentFileDecoderTest {

    @Test
    void keepsText() throws InvalidRecordException {
        JsonObject document = decode("a/b.txt", "\ufeff# one\r\n\r\ntwo\n".getBytes(UTF_8));
        assertThat(text(document)).isEqualTo("# one\r\n\r\ntwo\n");
        assertThat(title(document)).isNull();
    }

    @Test
    void findsTheFirstHeadingOfMarkdown() throws InvalidRecordException {
        assertThat(markdownTitle("text\n\n## One two ##\n# Three\n")).isEqualTo("One two");
        assertThat(markdownTitle("One two\n===\ntext")).isEqualTo("One two");
        assertThat(markdownTitle("One\r\n---\r\ntext")).isEqualTo("One");
        assertThat(markdownTitle("---\ntitle: x\n---\n\n# C# and F#\n")).isEqualTo("C# and F#");
        assertThat(markdownTitle("```sh\n# comment\n```\n~~~\n# no\n~~~\n# Yes")).isEqualTo("Yes");
        assertThat(markdownTitle("#tag\n\n---\n    # code\n#\n")).isNull();
        assertThat(text(decode("a.md", "# One\n\ntext".getBytes(UTF_8))))
                .isEqualTo("# One\n\ntext");
    }

    @Test
    void extractsTheTextOfHtml() throws InvalidRecordException {
        JsonObject document =
                decode(
                        "a/b.HTML",
                        """
                        <!DOCTYPE html><html><head><title>A &amp;
                          B</title><style>STYLE</style><script>SCRIPT</script></head><body>
                        <header>HEADER</header><nav>NAV</nav><!-- COMMENT --><h1>One&nbsp;<b>t</b>wo</h1>
                        <p>Three<br>four &lt;five&gt;<ul><li>six<li>seven</ul>
                        <table><tr><td>eight<td>nine<tr><td>ten</table>
                        <pre>code  block
                          indented</pre><aside>ASIDE</aside><form><input value=INPUT>FORM</form>
                        <noscript>NOSCRIPT</noscript><div hidden>HIDDEN</div><footer>FOOTER</footer>
                        <template>TEMPLATE</template><svg><text>SVG</text></svg>
                        """
                                .getBytes(UTF_8));
        assertThat(title(document)).isEqualTo("A & B");
        assertThat(text(document))
                .isEqualTo(
                        "One two\nThree four <five>\nsix\nseven\neight\tnine\nten\n"
                                + "code  block\n  indented");
    }

    @Test
    void prefersTheMainElement() throws InvalidRecordException {
        assertThat(html("<p>A</p><main><header><h1>B</h1></header><article>C</article></main>"))
                .isEqualTo("B\nC");
        assertThat(html("<p>A</p><article>B<article>C</article></article><article>D</article>"))
                .isEqualTo("B\nC\nD");
        assertThat(html("<p>A</p><main> <script>x</script></main>")).isEqualTo("A");
        assertThat(html("<p>A<div role=main>B</div>")).isEqualTo("B");
    }

    @Test
    void readsTheCharsetOfAPage() throws InvalidRecordException {
        String page = "<meta charset='%s'><p>Gr\u00f6\u00dfe";
        assertThat(text(decode("a.htm", page.formatted("ISO-8859-1").getBytes(ISO_8859_1))))
                .isEqualTo("Gr\u00f6\u00dfe");
        String old =
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-1\">\u00dc";
        assertThat(text(decode("a.htm", old.getBytes(ISO_8859_1)))).isEqualTo("\u00dc");
        assertThat(text(decode("a.htm", ("\ufeff" + old).getBytes(UTF_16LE)))).isEqualTo("\u00dc");
        assertThat(text(decode("a.htm", ("\ufeff" + old).getBytes(UTF_8)))).isEqualTo("\u00dc");

        byte[] undeclared = "<!-- <meta charset=utf-8> --><p>\u00dc".getBytes(ISO_8859_1);
        DocumentFileDecoder latin = new DocumentFileDecoder("ISO-8859-1");
        assertThat(text(decode(latin, "a.htm", undeclared))).isEqualTo("\u00dc");
        assertThat(text(decode(latin, "a.htm", "<meta charset=utf-8>\u00dc".getBytes(UTF_8))))
                .isEqualTo("\u00dc");
        assertRejected("a.htm", undeclared, Reason.NOT_UTF8, "the file is not valid UTF-8");
    }

    @Test
    void rejectsFilesWithoutText() {
        assertRejected("a.txt", new byte[0], Reason.TEXT, "the file contains no text");
        assertRejected("a.html", "<p></p>".getBytes(UTF_8), Reason.TEXT, "contains no text");
        assertRejected("a.md", new byte[] {'a', (byte) 0xE9}, Reason.NOT_UTF8, "not valid UTF-8");
    }

    private static void assertRejected(String name, byte[] bytes, Reason reason, String message) {
        assertThatThrownBy(() -> decode(name, bytes))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    private static String markdownTitle(String markdown) throws InvalidRecordException {
        return title(decode("a.md", markdown.getBytes(UTF_8)));
    }

    private static String html(String body) throws InvalidRecordException {
        return text(decode("a.html", body.getBytes(UTF_8)));
    }

    private static JsonObject decode(String name, byte[] bytes) throws InvalidRecordException {
        return decode(new DocumentFileDecoder("UTF-8"), name, bytes);
    }

    private static JsonObject decode(DocumentFileDecoder decoder, String name, byte[] bytes)
            throws InvalidRecordException {
        SourceRecord record = SourceRecord.of("/d/" + name, 0, name.getBytes(UTF_8), bytes);
        return (JsonObject) decoder.decode(bytes, record);
    }

    private static String text(JsonObject document) {
        return ((JsonString) document.get("text")).value();
    }

    private static String title(JsonObject document) {
        return document.get("title") instanceof JsonString title ? title.value() : null;
    }
}
