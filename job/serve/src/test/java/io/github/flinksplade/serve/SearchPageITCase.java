package io.github.flinksplade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.FakeEncoder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search page in a headless Chromium. */
class SearchPageITCase {

    private static final String MARKUP =
            "<img src=x onerror=alert(1)><script>document.title='owned'</script> car";

    @TempDir static Path directory;
    private static HeadlessBrowser browser;
    private static SpladeServer server;

    @BeforeAll
    static void start() throws Exception {
        Assumptions.assumeTrue(
                HeadlessBrowser.installed() != null,
                "no chromium, chromium-browser or google-chrome in PATH");
        MemoryConnector.Contents cars =
                new MemoryConnector.Contents()
                        .add("1", "a fast red car", "{\"color\":\"red\",\"tags\":[\"a\",\"b\"]}")
                        .add("2", "a slow blue car", "{\"color\":\"blue\"}")
                        .add("<b>3</b>", MARKUP, "{\"<i>name</i>\":\"<i>value</i>\"}");
        cars.supportsText = true;
        MemoryConnector.INDEXES.put("page-cars", cars);
        MemoryConnector.INDEXES.put(
                "page-cats", new MemoryConnector.Contents().add("cat", "a fast cat", null));
        server = start(ServeOptions.builder().port(0));
        browser = HeadlessBrowser.start(directory);
    }

    private static SpladeServer start(ServeOptions.Builder options) throws IOException {
        Map<String, ConnectorUri> indexes = new LinkedHashMap<>();
        indexes.put("cars", ConnectorUri.parse("memory:page-cars"));
        indexes.put("cats", ConnectorUri.parse("memory:page-cats"));
        return SpladeServer.start(
                indexes, (uri, provenance) -> FakeEncoder.create(), options.build());
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void hasNoProblems() {
        assertThat(browser.problems()).isEmpty();
    }

    private static void open(String query) throws Exception {
        open(server.uri().resolve("/" + query), 1000, "light");
    }

    private static void open(URI uri, int width, String colors) throws Exception {
        browser.open(uri, width, 800, colors);
        browser.awaitTrue("typeof indexes !== 'undefined' && indexes.length > 0");
    }

    private static void awaitHits(int count) {
        browser.awaitTrue(
                "document.querySelectorAll('.hit').length === "
                        + count
                        + " && document.querySelector('#hits').ariaBusy === null");
    }

    private static String text(String selector) throws Exception {
        return browser.evaluate("document.querySelector('" + selector + "').textContent").asText();
    }

    @Test
    void searchesAndKeepsTheQueryInTheUri() throws Exception {
        open("");
        assertThat(browser.evaluate("document.activeElement.id").asText()).isEqualTo("query");
        browser.type("fast car");
        browser.press("Enter");
        awaitHits(3);
        assertThat(browser.evaluate("location.search").asText()).isEqualTo("?q=fast+car");
        assertThat(text(".hit .id")).isEqualTo("1");
        assertThat(text("#status")).matches("3 best hits in [\\d.]+ ms");
        assertThat(browser.evaluate("document.title").asText()).startsWith("fast car");
        browser.evaluate("history.back()");
        awaitHits(0);
        assertThat(browser.evaluate("document.querySelector('#query').value").asText()).isEmpty();
        open("?q=blue");
        awaitHits(1);
        assertThat(text(".hit .id")).isEqualTo("2");
    }

    @Test
    void showsMarkupOfDocumentsAndQueriesAsText() throws Exception {
        open("?q=%3Cscript%3Ealert(1)%3C/script%3E+car");
        awaitHits(3);
        browser.evaluate("document.querySelectorAll('.why').forEach(why => why.click())");
        JsonNode texts =
                browser.evaluate(
                        "[...document.querySelectorAll('.hit .text')].map(p => p.textContent)");
        assertThat(texts).extracting(JsonNode::asText).contains(MARKUP);
        assertThat(
                        browser.evaluate(
                                        "document.querySelectorAll('main script, main img, main b,"
                                                + " .hit .text i, .chip i').length")
                                .asInt())
                .isZero();
        assertThat(browser.evaluate("document.title").asText()).doesNotContain("owned");
    }

    @Test
    void explainsAHit() throws Exception {
        open("?q=fast+car");
        awaitHits(3);
        assertThat(browser.evaluate("document.querySelectorAll('.hit table').length").asInt())
                .isZero();
        browser.evaluate("document.querySelector('.why').click()");
        JsonNode rows =
                browser.evaluate(
                        "[...document.querySelectorAll('.hit:first-child tbody tr')].map(row => ({"
                                + "term: row.querySelector('.term').textContent,"
                                + "bars: [...row.querySelectorAll('i')].map(i => i.offsetWidth),"
                                + "part: row.querySelector('.part').textContent}))");
        // two terms match; the document has two more
        assertThat(rows).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(rows.get(i).get("bars")).hasSize(i < 2 ? 2 : 1);
            rows.get(i).get("bars").forEach(bar -> assertThat(bar.asInt()).isPositive());
            assertThat(rows.get(i).get("part").asText().isEmpty()).isEqualTo(i >= 2);
        }
        assertThat(browser.evaluate("document.querySelector('.why').ariaExpanded").asText())
                .isEqualTo("true");
        assertThat(browser.evaluate("document.querySelector('#expansion').hidden").booleanValue())
                .isFalse();
    }

    @Test
    void filtersByAFieldThatIsClicked() throws Exception {
        open("?q=car");
        awaitHits(3);
        browser.evaluate(
                "[...document.querySelectorAll('.hit .chip')]"
                        + ".find(chip => chip.textContent === 'tags: b').click()");
        awaitHits(1);
        assertThat(browser.evaluate("location.search").asText())
                .isEqualTo("?q=car&filter=tags%3Db");
        assertThat(text("#filters")).startsWith("tags: b");
        browser.evaluate("document.querySelector('#filters button').click()");
        awaitHits(3);
    }

    @Test
    void offersHybridSearchAndTheOtherIndex() throws Exception {
        open("?q=fast");
        awaitHits(1);
        browser.evaluate("document.querySelector('#hybrid').click()");
        browser.awaitTrue("location.search.includes('hybrid=true')");
        browser.awaitTrue("document.querySelector('.score').textContent === 'score 0.0328'");
        browser.evaluate(
                "document.querySelector('#index').value = 'cats';"
                        + "document.querySelector('#index').dispatchEvent(new Event('change'))");
        browser.awaitTrue("document.querySelector('.hit .id')?.textContent === 'cat'");
        assertThat(
                        browser.evaluate("document.querySelector('#hybrid-option').hidden")
                                .booleanValue())
                .isTrue();
    }

    @Test
    void isUsableByKeyboard() throws Exception {
        open("?q=car");
        awaitHits(3);
        browser.evaluate("document.activeElement.blur()");
        browser.press("/");
        assertThat(browser.evaluate("document.activeElement.id").asText()).isEqualTo("query");
        browser.press("ArrowDown");
        browser.press("ArrowDown");
        String focused = "[...document.querySelectorAll('.hit')].indexOf(document.activeElement)";
        assertThat(browser.evaluate(focused).asInt()).isEqualTo(1);
        browser.press("ArrowUp");
        assertThat(browser.evaluate(focused).asInt()).isZero();
        browser.press("Enter");
        browser.awaitTrue("document.querySelectorAll('.hit.open').length === 1");
        browser.press("Enter");
        browser.awaitTrue("document.querySelectorAll('.hit.open').length === 0");
        browser.press("ArrowUp");
        assertThat(browser.evaluate("document.activeElement.id").asText()).isEqualTo("query");
    }

    @Test
    void followsTheSystemsColorsUntilTheyAreSwitched() throws Exception {
        String background = "getComputedStyle(document.body).backgroundColor";
        open(server.uri().resolve("/?q=car"), 1000, "dark");
        assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(21, 23, 26)");
        open(server.uri().resolve("/?q=car&x=1"), 1000, "light");
        assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(255, 255, 255)");
        browser.evaluate("document.querySelector('#theme').click()");
        assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(21, 23, 26)");
        open(server.uri().resolve("/?q=car&x=2"), 1000, "light");
        assertThat(browser.evaluate(background).asText()).isEqualTo("rgb(21, 23, 26)");
        browser.evaluate("localStorage.clear()");
    }

    @Test
    void fitsAPhone() throws Exception {
        open(server.uri().resolve("/?q=fast+car"), 360, "light");
        awaitHits(3);
        browser.evaluate("document.querySelectorAll('.why').forEach(why => why.click())");
        assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                .isLessThanOrEqualTo(360);
    }

    @Test
    void everyControlHasANameAndTextsHaveContrast() throws Exception {
        open("?q=car");
        awaitHits(3);
        for (String colors : new String[] {"light", "dark"}) {
            open(server.uri().resolve("/?q=car&colors=" + colors), 1000, colors);
            awaitHits(3);
            browser.evaluate("document.querySelectorAll('.why').forEach(why => why.click())");
            JsonNode low = browser.evaluate(CONTRAST);
            assertThat(low).as(colors).isEmpty();
        }
        JsonNode tree = browser.call("Accessibility.getFullAXTree", Map.of()).get("nodes");
        int controls = 0;
        for (JsonNode node : tree) {
            String role = node.at("/role/value").asText();
            if (role.matches("button|searchbox|combobox|checkbox")) {
                controls++;
                assertThat(node.at("/name/value").asText()).as(node.toString()).isNotBlank();
            }
        }
        assertThat(controls).isGreaterThan(8);
    }

    /** Texts whose contrast with the nearest background is below 4.5, as WCAG computes it. */
    private static final String CONTRAST =
            """
            (() => {
              const canvas = document.createElement('canvas').getContext('2d');
              const parse = color => {
                canvas.clearRect(0, 0, 1, 1);
                canvas.fillStyle = color;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
              };
              const luminance = rgb => {
                const [r, g, b] = rgb.slice(0, 3).map(v => v / 255)
                    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
              };
              const background = element => {
                for (let e = element; e; e = e.parentElement) {
                  const rgba = parse(getComputedStyle(e).backgroundColor);
                  if (rgba[3] === 255) return rgba;
                }
                return [255, 255, 255];
              };
              const low = [];
              for (const element of document.querySelectorAll('body *')) {
                const own = [...element.childNodes].some(
                    n => n.nodeType === Node.TEXT_NODE && n.data.trim());
                if (!own || !element.checkVisibility()) continue;
                const [a, b] = [parse(getComputedStyle(element).color), background(element)]
                    .map(luminance).sort((x, y) => y - x);
                const ratio = (a + 0.05) / (b + 0.05);
                if (ratio < 4.5) low.push(element.outerHTML.slice(0, 80) + ' ' + ratio);
              }
              return low;
            })()
            """;

    @Test
    void asksForTheToken() throws Exception {
        try (SpladeServer secured = start(ServeOptions.builder().port(0).token("s3cret"))) {
            browser.open(secured.uri().resolve("/?q=car"), 1000, 800, "light");
            browser.awaitTrue("!document.querySelector('#login').hidden");
            browser.type("s3cret");
            browser.press("Enter");
            awaitHits(3);
            assertThat(browser.evaluate("document.querySelector('#login').hidden").booleanValue())
                    .isTrue();
            assertThat(browser.evaluate("location.href").asText()).doesNotContain("s3cret");
        }
        // the browser logs the answer to the request without a token
        assertThat(browser.problems()).hasSize(1).first().asString().contains("401");
        browser.problems().clear();
    }
}
