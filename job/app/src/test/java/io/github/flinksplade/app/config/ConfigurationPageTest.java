package io.github.flinksplade.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Checks that docs/configuration.md is generated from the current settings. To write it: {@code mvn
 * test -pl job/app -Dtest=ConfigurationPageTest -Dflinksplade.writeDocs=true}.
 */
class ConfigurationPageTest {

    private static final Path PAGE = Path.of("../../docs/configuration.md");

    @Test
    void pageIsUpToDate() throws IOException {
        assumeThat(PAGE.getParent()).as("the docs of the checkout").isDirectory();
        if (Boolean.getBoolean("flinksplade.writeDocs")) {
            Files.writeString(PAGE, page());
        }
        assertThat(PAGE).content().isEqualTo(page());
    }

    private static String page() {
        StringBuilder page =
                new StringBuilder(
                        """
                        # Configuration

                        <!-- Generated from JobSettings by ConfigurationPageTest; see its comment. -->

                        The settings of a job are in a YAML file (`flink-splade run --config job.yaml`, or
                        `flink run ... job.yaml` on a cluster), or on the command line of `run` as options with the
                        same names. The command line overrides the file. Unknown keys are rejected.

                        ```yaml
                        from: kafka://localhost:9092/documents?group=splade
                        to:
                          - kafka://localhost:9092/vectors
                          - lucene:idx
                        state: state
                        kafka.properties:
                          security.protocol: SASL_SSL
                          sasl.mechanism: PLAIN
                          sasl.jaas.config: ${env:KAFKA_LOGIN}
                        flink:
                          execution.checkpointing.timeout: 5 min
                        ```

                        | key | type | default | |
                        |---|---|---|---|
                        """);
        for (Setting<?> setting : JobSettings.ALL) {
            page.append("| `")
                    .append(setting.key())
                    .append("` | ")
                    .append(setting.type())
                    .append(" | ")
                    .append(setting.defaultText() == null ? "" : "`" + setting.defaultText() + "`")
                    .append(" | ")
                    .append(setting.description());
            if (setting.isFlag()) {
                page.append(" On the command line: `")
                        .append(setting.options().get(0))
                        .append("`.");
            }
            page.append(" |\n");
        }
        return page.append(
                        """
                        | `<scheme>.properties` | map | | Properties of the connectors of that scheme: `kafka.properties` are those of Kafka's clients. |
                        | `flink` | map | | Options of Flink, such as `parallelism.default`. On the command line: `-Dkey=value`. |

                        A duration is a number with `ms`, `s`, `min`, `h` or `d`; a size is a number of bytes, or a number
                        with `kb`, `mb` or `gb` (powers of 1,024). In the file, `${env:NAME}` is replaced by an
                        environment variable and `${file:PATH}` by the content of a file, so that the file need not
                        contain secrets. Where settings are printed (`--verbose`), the value of a key that contains
                        "password", "secret", "token", "api-key", "credential" or "jaas", or that Flink hides, is `******`.

                        ## What a local run sets in Flink

                        Parallelism 1 (one encoder uses all cores), RocksDB with incremental checkpoints (timeout 7 min), three restarts
                        after a failure with increasing delays (the count is reset after five minutes without a
                        failure), and ports on the loopback interface only. Any key can be set under `flink` except
                        those of the checkpoint directory. On a cluster, the cluster's configuration applies.
                        """)
                .toString();
    }
}
