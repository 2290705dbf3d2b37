package io.github.flinksplade.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that the tables of options in the docs are generated from the connectors. To write them:
 * {@code mvn test -pl job/app -am -Dtest=ConnectorPagesTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dflinksplade.writeDocs=true}.
 */
class ConnectorPagesTest {

    private static final Path DOCS = Path.of("../../docs");
    private static final Pattern TABLE =
            Pattern.compile(
                    "(<!-- options: (\\S+) (\\S+) -->\\n).*?(<!-- end -->)", Pattern.DOTALL);

    @Test
    void tablesListTheOptionsOfTheConnectors() throws IOException {
        assumeThat(DOCS).as("the docs of the checkout").isDirectory();
        Map<String, List<ConnectorOption<?>>> missing = options();
        for (Path page : pages()) {
            String text = Files.readString(page);
            Matcher tables = TABLE.matcher(text);
            StringBuilder generated = new StringBuilder();
            while (tables.find()) {
                String name = tables.group(2) + " " + tables.group(3);
                List<ConnectorOption<?>> options = missing.remove(name);
                assertThat(options).as(name + " in " + page).isNotNull();
                tables.appendReplacement(
                        generated,
                        Matcher.quoteReplacement(
                                tables.group(1) + table(options) + tables.group(4)));
            }
            tables.appendTail(generated);
            if (Boolean.getBoolean("flinksplade.writeDocs")) {
                Files.writeString(page, generated);
            }
            assertThat(page).content().isEqualTo(generated.toString());
        }
        assertThat(missing.keySet()).as("options without a table").isEmpty();
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(DOCS.resolve("connectors.md")));
        try (Stream<Path> sinks = Files.list(DOCS.resolve("sinks"))) {
            sinks.sorted().forEach(pages::add);
        }
        return pages;
    }

    /** Of the connectors that are shipped, by scheme and role. */
    private static Map<String, List<ConnectorOption<?>>> options() {
        Map<String, List<ConnectorOption<?>>> options = new TreeMap<>();
        for (Connector connector : Connectors.all().values()) {
            String scheme = connector.scheme();
            options.put(scheme + " source", connector.sourceOptions());
            options.put(scheme + " sink", connector.sinkOptions());
            options.put(scheme + " dead-letters", connector.deadLetterOptions());
        }
        options.put("all sources", DocumentMapping.OPTIONS);
        options.remove("example sink");
        // one page and one table for both
        assertThat(options.remove("elasticsearch sink")).isEqualTo(options.get("opensearch sink"));
        // as file:
        for (String scheme : List.of("s3", "s3a", "hdfs", "gs", "abfs", "abfss")) {
            assertThat(options.remove(scheme + " source")).isEqualTo(options.get("file source"));
        }
        options.values().removeIf(List::isEmpty);
        return options;
    }

    private static String table(List<ConnectorOption<?>> options) {
        StringBuilder table =
                new StringBuilder("| option | values | default | |\n|---|---|---|---|\n");
        for (ConnectorOption<?> option : options) {
            table.append("| `")
                    .append(option.name())
                    .append("` | ")
                    .append(option.values())
                    .append(" | ")
                    .append(option.defaultText())
                    .append(" | ")
                    .append(option.description())
                    .append(" |\n");
        }
        return table.toString();
    }
}
