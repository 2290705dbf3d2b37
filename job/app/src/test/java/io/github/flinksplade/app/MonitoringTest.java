package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** The dashboard and the alert rules of deploy/monitoring use the metrics that exist. */
class MonitoringTest {

    private static final String RUNBOOK = "docs/operations.md";

    private static final Pattern METRIC = Pattern.compile("flink_[A-Za-z0-9_]+");

    private final Path monitoring = Distribution.root().resolve("deploy/monitoring");

    private static Set<String> metricsIn(List<String> expressions) {
        Set<String> metrics = new TreeSet<>();
        for (String expression : expressions) {
            Matcher metric = METRIC.matcher(expression);
            while (metric.find()) {
                metrics.add(metric.group());
            }
        }
        return metrics;
    }

    private JsonNode yaml(String file) throws IOException {
        Object yaml = new Yaml().load(Files.readString(monitoring.resolve(file)));
        return new ObjectMapper().valueToTree(yaml);
    }

    private JsonNode dashboard() throws IOException {
        return new ObjectMapper().readTree(monitoring.resolve("dashboard.json").toFile());
    }

    private List<String> dashboardExpressions() throws IOException {
        List<String> expressions = new ArrayList<>();
        for (JsonNode panel : dashboard().get("panels")) {
            for (JsonNode target : panel.path("targets")) {
                expressions.add(target.get("expr").asText());
            }
        }
        expressions.add(dashboard().at("/templating/list/1/query/query").asText());
        return expressions;
    }

    private List<String> alertExpressions() throws IOException {
        List<String> expressions = new ArrayList<>();
        for (JsonNode rule : yaml("alerts.yml").at("/groups/0/rules")) {
            expressions.add(rule.get("expr").asText());
        }
        return expressions;
    }

    @Test
    void usesDocumentedMetrics() throws IOException {
        List<String> expressions = new ArrayList<>(dashboardExpressions());
        expressions.addAll(alertExpressions());
        assertThat(alertExpressions()).hasSizeGreaterThan(5);
        Set<String> used = metricsIn(expressions);
        Set<String> documented = new TreeSet<>(DocumentedMetrics.prometheusNames());
        documented.addAll(DocumentedMetrics.OF_FLINK.keySet());
        assertThat(documented).containsAll(used);
        assertThat(used)
                .as("metrics of Flink that docs/metrics.md lists")
                .containsAll(DocumentedMetrics.OF_FLINK.keySet());
    }

    @Test
    void everyPanelIsOfTheChosenDataSourceAndJob() throws IOException {
        Set<Integer> ids = new HashSet<>();
        Set<String> places = new HashSet<>();
        for (JsonNode panel : dashboard().get("panels")) {
            assertThat(ids.add(panel.get("id").asInt())).as(panel.toString()).isTrue();
            assertThat(places.add(panel.get("gridPos").toString())).as(panel.toString()).isTrue();
            if (panel.get("type").asText().equals("row")) {
                continue;
            }
            assertThat(panel.at("/datasource/uid").asText()).isEqualTo("${datasource}");
            assertThat(panel.get("targets")).isNotEmpty();
        }
        for (String expression : dashboardExpressions()) {
            if (expression.contains("_job_task_") && !expression.startsWith("label_values")) {
                assertThat(expression).contains("job_name=\"$job\"");
            }
        }
    }

    @Test
    void everyAlertNamesASectionOfTheRunbook() throws IOException {
        Set<String> sections = DocumentationTest.sections(Distribution.root().resolve(RUNBOOK));
        for (JsonNode rule : yaml("alerts.yml").at("/groups/0/rules")) {
            String[] runbook = rule.at("/annotations/runbook").asText().split("#");
            assertThat(runbook).as(rule.toString()).hasSize(2).startsWith(RUNBOOK);
            assertThat(sections).contains(runbook[1]);
        }
    }

    @Test
    void everyAlertHasATest() throws IOException {
        Set<String> alerts = new TreeSet<>();
        for (JsonNode rule : yaml("alerts.yml").at("/groups/0/rules")) {
            alerts.add(rule.get("alert").asText());
        }
        Set<String> fires = new TreeSet<>();
        Set<String> silent = new TreeSet<>();
        for (JsonNode test : yaml("alerts_test.yml").get("tests")) {
            for (JsonNode checked : test.get("alert_rule_test")) {
                (checked.get("exp_alerts").isEmpty() ? silent : fires)
                        .add(checked.get("alertname").asText());
            }
        }
        assertThat(fires).isEqualTo(alerts);
        assertThat(silent).isEqualTo(alerts);
    }

    @Test
    void rulesPassTheirTestsInPromtool() throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "promtool"))),
                "requires promtool of Prometheus on the PATH");
        Process promtool =
                new ProcessBuilder("promtool", "test", "rules", "alerts_test.yml")
                        .directory(monitoring.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output =
                new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(promtool.exitValue()).as(output).isZero();
    }
}
