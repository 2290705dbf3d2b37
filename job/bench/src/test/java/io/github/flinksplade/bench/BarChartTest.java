package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.bench.BarChart.Bar;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class BarChartTest {

    @Test
    void barsAreProportionalToTheirValues() throws Exception {
        Document svg =
                parse(
                        new BarChart(
                                "Speed",
                                "docs/s",
                                List.of(
                                        new Bar("", "slow", 10, 5, 20),
                                        new Bar("", "fast", 100, 100, 100))));
        List<Element> bars = elements(svg, "rect");
        assertThat(bars).hasSize(2);
        assertThat(width(bars.get(1)) / width(bars.get(0))).isCloseTo(10, within(.1));

        List<Element> whiskers = elements(svg, "line");
        assertThat(whiskers).hasSize(1);
        double from = Double.parseDouble(whiskers.get(0).getAttribute("x1"));
        double to = Double.parseDouble(whiskers.get(0).getAttribute("x2"));
        assertThat((to - from) / width(bars.get(0))).isCloseTo(1.5, within(.1));
    }

    @Test
    void namesGroupsOnceAndEscapesTexts() throws Exception {
        Document svg =
                parse(
                        new BarChart(
                                "A < B & \"C\"",
                                "ms",
                                List.of(
                                        new Bar("10 hits", "a&b", .123, .123, .123),
                                        new Bar("10 hits", "c", 1234.5, 1000, 2000),
                                        new Bar("1,000 hits", "a&b", 0, 0, 0))));
        assertThat(svg.getDocumentElement().getAttribute("aria-label")).isEqualTo("A < B & \"C\"");
        assertThat(elements(svg, "text").stream().map(Element::getTextContent))
                .containsExactly(
                        "A < B & \"C\", ms",
                        "10 hits",
                        "a&b",
                        "0.12",
                        "c",
                        "1,235 (1,000..2,000)",
                        "1,000 hits",
                        "a&b",
                        "0.00");
    }

    private static double width(Element bar) {
        return Double.parseDouble(bar.getAttribute("width"));
    }

    private static Document parse(BarChart chart) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(chart.toSvg().getBytes(StandardCharsets.UTF_8)));
    }

    private static List<Element> elements(Document svg, String name) {
        NodeList nodes = svg.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }
}
