package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.Main;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BenchmarksMainTest {

    /** The exit code and the output of a command. */
    private record Outcome(int code, String out, String err) {}

    private static Outcome run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Main.run(
                        args,
                        InputStream.nullInputStream(),
                        out,
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        BenchmarksMain.commands());
        return new Outcome(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --documents 0                     | 2 | --documents and --rounds must be at least 1
                    --rounds 0                        | 2 | --documents and --rounds must be at least 1
                    --rounds 9 --documents 1000000    | 2 | must be at most 10000000
                    --kafka localhost                 | 2 | --kafka localhost is not HOST:PORT
                    --kafka kafka://localhost:9092/x  | 2 | is not HOST:PORT
                    --corpus no-such-file.jsonl       | 1 | no-such-file.jsonl
                    --round 3                         | 2 | did you mean '--rounds'?
                    --documents many                  | 2 | 'many'
                    """)
    void pipelineRejectsInvalidOptions(String options, int code, String message) {
        Outcome outcome = run(("bench pipeline " + options.strip()).split(" "));
        assertThat(outcome.code()).isEqualTo(code);
        assertThat(outcome.err()).contains(message);
        assertThat(outcome.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --device cpu | 2 | --device must be a GPU, or cpu-emulation
                    --documents 0 | 2 | --documents must be at least 1
                    """)
    void deviceRejectsInvalidOptions(String options, int code, String message) {
        Outcome outcome = run(("bench device " + options).split(" "));
        assertThat(outcome.code()).isEqualTo(code);
        assertThat(outcome.err()).isEqualTo("flink-splade: " + message + "\n");
        assertThat(outcome.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    --texts 39                      | --texts must be at least 40
                    --queries 0                     | --queries at least 1
                    --anserini no-such.jar --java x | --anserini no-such.jar must be a file
                    --rounds 0                      | --rounds must be at least 1
                    """)
    void searchRejectsInvalidOptions(String options, String message) {
        Outcome outcome = run(("bench search --directory unused " + options).split(" "));
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).contains(message);
        assertThat(outcome.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pipeline", "sinks", "search", "device"})
    void helpShowsAnExample(String benchmark) {
        Outcome outcome = run("bench", benchmark, "--help");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out())
                .startsWith("Usage: flink-splade bench " + benchmark)
                .containsPattern("\nExamples?\\b")
                .containsPattern("\n.*flink-splade bench " + benchmark);
    }
}
