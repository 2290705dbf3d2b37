package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.Distribution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench sinks}, run as a process. */
class SinkBenchmarkITCase {

    @TempDir Path directory;

    @Test
    void measuresEachSinkAndAllAtOnce() throws Exception {
        Distribution.Answer answer =
                Distribution.execute(
                        directory,
                        "",
                        Map.of("XDG_CACHE_HOME", directory.resolve("cache").toString()),
                        List.of(
                                Distribution.root().resolve("job/benchmarks/run").toString(),
                                "bench",
                                "sinks",
                                "--to",
                                "lucene:idx",
                                "--to",
                                "file:vectors?append=true",
                                "--folder",
                                "idx",
                                "--documents",
                                "500",
                                "--rounds",
                                "1",
                                "--json",
                                "report.json",
                                "--chart",
                                "chart.svg"));
        assertThat(answer.expect(0).out()).contains("docs/s", "all at once", "idx: ");
        JsonNode report = new ObjectMapper().readTree(directory.resolve("report.json").toFile());
        assertThat(report.get("results"))
                .extracting(result -> result.get("name").asText())
                .containsExactly("lucene:idx", "file:vectors?append=true", "all at once");
        for (JsonNode result : report.get("results")) {
            assertThat(result.get("docsPerSecond").asDouble()).isPositive();
        }
        assertThat(Files.readString(directory.resolve("chart.svg")))
                .startsWith("<svg ")
                .contains(">lucene:idx<", ">file:vectors?append=true<", ">all at once<");
        assertThat(report.at("/folderBytes/idx").asLong()).isPositive();
    }
}
