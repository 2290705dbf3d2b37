package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.JobMetric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Checks that the tables of docs/metrics.md are generated from the metrics that the job registers.
 * To write them: {@code mvn test -pl job/app -am -Dtest=MetricsPageTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dflinksplade.writeDocs=true}.
 */
class MetricsPageTest {

    private static final Pattern TABLES =
            Pattern.compile("(?<=<!-- metrics -->\\n).*?(?=<!-- end -->)", Pattern.DOTALL);

    @Test
    void tablesListTheMetrics() throws IOException {
        Path page = Distribution.root().resolve("docs/metrics.md");
        String text = Files.readString(page);
        Matcher tables = TABLES.matcher(text);
        assertThat(tables.find()).isTrue();
        String generated = tables.replaceFirst(Matcher.quoteReplacement(tables()));
        if (Boolean.getBoolean("flinksplade.writeDocs")) {
            Files.writeString(page, generated);
        }
        assertThat(page).content().isEqualTo(generated);
    }

    private static String tables() {
        StringBuilder tables = new StringBuilder();
        for (Map.Entry<String, List<JobMetric>> section :
                DocumentedMetrics.bySection().entrySet()) {
            tables.append("\n### ").append(section.getKey()).append("\n\n");
            tables.append("| metric | type | unit | labels | |\n|---|---|---|---|---|\n");
            for (JobMetric metric : section.getValue()) {
                tables.append("| `")
                        .append(metric.name())
                        .append("` | ")
                        .append(metric.type())
                        .append(" | ")
                        .append(metric.unit())
                        .append(" | ")
                        .append(
                                metric.labels().isEmpty()
                                        ? ""
                                        : "`" + String.join("`, `", metric.labels()) + "`")
                        .append(" | ")
                        .append(metric.description())
                        .append(" |\n");
            }
        }
        tables.append("\n### Of Flink\n\n| metric in Prometheus | |\n|---|---|\n");
        DocumentedMetrics.OF_FLINK.forEach(
                (name, description) ->
                        tables.append("| `")
                                .append(name)
                                .append("` | ")
                                .append(description)
                                .append(" |\n"));
        return tables.append('\n').toString();
    }
}
