package io.github.flinksplade.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Keeps docs/configuration.md equal to the table of settings. To write it anew: {@code mvn test -pl
 * job/app -Dtest=ConfigurationPageTest -Dflinksplade.writeDocs=true}.
 */
class ConfigurationPageTest {

    private static final Path PAGE = Path.of("../../docs/configuration.md");

    @Test
    void thePageIsUpToDate() throws IOException {
        assumeThat(PAGE.getParent()).as("the docs beside the module").isDirectory();
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

                        <!-- Made from JobSettings by ConfigurationPageTest; its comment says how. -->

                        A job's settings stand in a YAML file (`flink-splade run --config job.yaml`, or
                        `flink run ... job.yaml` on a cluster), or on the command line of `run` under the same
                        names with `--` in front; the command line wins. Unknown keys are refused.

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
                    .append(setting.fallback() == null ? "" : "`" + setting.fallback() + "`")
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
                        | `<scheme>.properties` | map | | What the connectors of that scheme are given beside their address: `kafka.properties` are properties of Kafka's clients. |
                        | `flink` | map | | Keys of Flink's own configuration, such as `parallelism.default`. On the command line: `-Dkey=value`. |

                        Times are a number with `ms`, `s`, `min`, `h` or `d`; sizes a number of bytes, or one with `kb`,
                        `mb` or `gb` (of 1024). In the file, `${env:NAME}` is replaced by an environment variable and
                        `${file:PATH}` by a file's content: secrets need not stand in it. Where settings are printed
                        (`--verbose`), values whose key speaks of a password, secret, token, key or credential are
                        `******`.

                        ## What a local run sets in Flink

                        Parallelism 1 (the encoder uses every core by itself), RocksDB with incremental checkpoints (given up
                        after 7 minutes), three attempts after a failure with growing pauses (forgotten after five quiet
                        minutes), ports on the loopback interface only. Every key but those of the checkpoints' place can be set under `flink`.
                        On a cluster all of these are the cluster's own.
                        """)
                .toString();
    }
}
