package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {

    @TempDir private Path directory;

    /** The exit code and the output of a command. */
    record Outcome(int code, String out, String err) {}

    static Outcome run(String input, String... args) {
        return run(input.getBytes(StandardCharsets.UTF_8), args);
    }

    static Outcome run(byte[] input, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Main.run(
                        args,
                        new ByteArrayInputStream(input),
                        out,
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Outcome(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void bothMainClassesSetTheRootLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(new Locale("tr", "TR"));
            run("", "--version");
            assertThat(Locale.getDefault()).isEqualTo(Locale.ROOT);
            Locale.setDefault(new Locale("tr", "TR"));
            assertThatThrownBy(() -> SpladeJobMain.main(new String[0]))
                    .isInstanceOf(UserException.class);
            assertThat(Locale.getDefault()).isEqualTo(Locale.ROOT);
            assertThat(Locale.getDefault(Locale.Category.FORMAT)).isEqualTo(Locale.ROOT);
        } finally {
            Locale.setDefault(before);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "run",
                "copy",
                "verify",
                "finish",
                "encode",
                "search",
                "serve",
                "eval",
                "connectors",
                "model",
                "model list",
                "model pull",
                "model verify",
                "model info",
                "bench",
                "bench job",
                "completion"
            })
    void helpShowsAnExample(String command) {
        PrintStream standardError = System.err;
        ByteArrayOutputStream warnings = new ByteArrayOutputStream();
        System.setErr(new PrintStream(warnings, true, StandardCharsets.UTF_8));
        Outcome outcome;
        try {
            outcome = run("", (command + " --help").strip().split(" "));
        } finally {
            System.setErr(standardError);
        }
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(warnings.toString(StandardCharsets.UTF_8)).as("picocli's warnings").isEmpty();
        assertThat(outcome.out())
                .startsWith("Usage: flink-splade " + command)
                .containsPattern("\nExamples?\\b")
                .containsPattern("\n.*flink-splade " + command);
    }

    @Test
    void listsConnectorsAndTheirOptions() {
        assertThat(run("", "connectors").out())
                .contains("kafka:", "lucene:", "qdrant:")
                .contains("is a sink, and can be searched");
        assertThat(run("", "connectors", "kafka").out())
                .contains("Options of a source:", "Options of every source:", "Options of a sink:")
                .containsPattern("\n  registry +a URL: ")
                .contains("Default: earliest.");
        assertThat(run("", "connectors", "lucene").out()).doesNotContain("Options of a source");
        Outcome unknown = run("", "connectors", "kafak");
        assertThat(unknown.code()).isEqualTo(ExitCode.USAGE);
        assertThat(unknown.err()).contains("no connector for 'kafak'; did you mean 'kafka'?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    rnu                                  | unknown command 'rnu'; did you mean 'run'?
                    run --form file:a                    | unknown option '--form'; did you mean '--from'?
                    run --capactiy=3                     | unknown option '--capactiy'; did you mean '--capacity'?
                    encode --modle x hello               | unknown option '--modle'; did you mean '--model'?
                    model inof x                         | unknown command 'inof'; did you mean 'info'?
                    run stray                            | unexpected argument 'stray'
                    search hello                         | Missing required option: '--index=URI'
                    run --from                           | Missing required parameter for option '--from' (URI)
                    encode --format xml hello            | Invalid value for option '--format': unknown format 'xml'. Write indices, lucene, terms or anserini
                    model                                | a command is missing
                    bench job --documents many           | Invalid value for option '--documents': 'many' is not an int
                    """)
    void reportsInvalidCommandLinesInTwoLines(String command, String message) {
        Outcome outcome = run("", command.split(" "));
        assertThat(outcome.code()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.out()).isEmpty();
        String[] lines = outcome.err().split("\n");
        assertThat(lines[lines.length - 2]).isEqualTo("flink-splade: " + message);
        assertThat(lines[lines.length - 1]).startsWith("See: flink-splade").endsWith(" --help");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    2 | run --from file:a                              | no 'to' is given; add --to URI, or 'to:' to the file of --config
                    2 | run --from file:a --to file:b --capacity many  | capacity on the command line: 'many' is not a whole number of at least 1
                    2 | run --from file:a --to nowhere                 | to on the command line: 'nowhere' is not a URI. Write scheme:location, such as file:docs.jsonl or kafka://broker:9092/topic
                    2 | run --from file:a --to file:b -Dparallelism.defautl=2 | unknown Flink key 'parallelism.defautl' on the command line; did you mean 'parallelism.default'?
                    1 | run --from file:a --to file:b -Dexecution.checkpointing.dir=x | the Flink key 'execution.checkpointing.dir' cannot be set in a local run. Use the setting 'state'
                    1 | run --config no-such.yaml                      | the configuration file no-such.yaml does not exist
                    2 | search --index lucene:x -k none hello          | -k 'none' is not a whole number from 1 to 999999
                    2 | search --index lucene:x --json --format trec hello | --json and another --format are given. Remove one of them
                    2 | search --index lucene:x --passages --format trec hello | --format trec ranks documents, not --passages. Remove one of the options
                    2 | search --index lucene:x --filter ward hello    | --filter 'ward' is not FIELD=VALUE, such as ward=B2
                    2 | search --index lucene:x --filter =B2 hello     | --filter '=B2' is not FIELD=VALUE, such as ward=B2
                    1 | search --index kafka://b:9/t hello             | kafka://b:9/t cannot be searched*
                    1 | run --from lucene:x --to file:b                | lucene:x cannot be read from*
                    1 | run --from kafak://b:9/t --to file:b           | no connector for 'kafak:' in kafak://b:9/t; did you mean 'kafka:'?*
                    1 | encode --model /no/such/model hello            | no such directory: /no/such/model*
                    2 | encode --format anserini hello                 | --format anserini writes topics, which are queries. Add --role query, or write documents with run --to file:DIR?format=anserini
                    2 | encode --prune topk=3 hello                    | prune on the command line: unknown pruning 'topk=3'*
                    1 | encode --device cuda hello                     | the device cuda cannot be used: the ONNX Runtime on the class path is a build without CUDA*
                    2 | encode --device gpu hello                      | device on the command line: unknown device 'gpu'*
                    1 | encode --device cpu-emulation --precision int8 hello | int8 models run on CPUs only; on a GPU use --precision fp16
                    2 | bench encode --rounds 0                        | --documents and --rounds must be at least 1*
                    2 | bench job --documents 0                        | --documents and --rounds must be at least 1
                    2 | bench job --rounds -1                          | --documents and --rounds must be at least 1
                    2 | bench job --threads two                        | threads on the command line: 'two' is not a whole number of at least 0
                    2 | bench job --precision fp64                     | precision on the command line: *
                    1 | bench job --corpus /no/such.jsonl              | cannot read texts: /no/such.jsonl does not exist*
                    1 | search --index lucene:/no/such/index hello     | *
                    1 | serve --index lucene:/no/such/index            | *
                    2 | serve --port 65536                             | port 65536 is not a whole number from 0 to 65535
                    2 | serve --max-hits 0                             | max-hits must be at least 1, not 0
                    2 | serve --max-hits many                          | --max-hits 'many' is not a whole number up to 999999999
                    2 | serve --cors-origin example.com                | 'example.com' is not an origin. Specify scheme, host and port only, such as https://example.com, or * for all
                    1 | serve --token-file no-such-file                | cannot read --token-file: no-such-file does not exist
                    2 | serve --index lucene:a/idx --index lucene:b/idx | two indexes have the name 'idx'. Give one of them another name: --index NAME=lucene:b/idx
                    2 | serve --index lucene:idx --role document       | --role document needs the model of the documents, but with --index only queries are encoded*
                    1 | run --from file:/no/such.jsonl --to file:b     | *
                    """)
    void reportsErrorsInOneSentence(int code, String command, String message) {
        Outcome outcome = run("", command.split(" "));
        assertThat(outcome.err().strip().split("\n")).hasSizeLessThanOrEqualTo(3);
        assertThat(outcome.err())
                .startsWith("flink-splade: " + message.replaceFirst("\\*$", ""))
                .doesNotContain("Exception");
        if (!message.endsWith("*")) {
            assertThat(outcome.err()).isEqualTo("flink-splade: " + message + "\n");
        }
        assertThat(outcome.code()).isEqualTo(code);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void versionNamesWhatTheProgramContains() {
        Outcome outcome = run("", "--version");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.out().lines())
                .satisfiesExactly(
                        line ->
                                assertThat(line)
                                        .matches("flink-splade \\d\\S+( \\(commit \\w+\\))?"),
                        line -> assertThat(line).matches("Apache Flink \\d+\\.\\d+\\.\\d+"),
                        line -> assertThat(line).matches("ONNX Runtime \\d+\\.\\d+\\.\\d+"),
                        line -> assertThat(line).startsWith("Java "));
    }

    @Test
    void helpCommandPrintsTheHelpOfACommand() {
        assertThat(run("", "help", "run").out()).isEqualTo(run("", "run", "--help").out());
        assertThat(run("", "help").out()).isEqualTo(run("", "--help").out());
    }

    @Test
    void completionIsAScriptForTheShell() throws Exception {
        Path script = directory.resolve("completion");
        Files.writeString(script, run("", "completion").out());
        assertThat(script).content().contains("--long-documents", "complete -F");
        Process bash = new ProcessBuilder("bash", "-n", script.toString()).start();
        assertThat(bash.waitFor()).isZero();
    }

    @Test
    void printsResultsAndErrorsWhenQuiet() {
        Outcome connectors = run("", "connectors", "-q");
        assertThat(connectors.out()).isEqualTo(run("", "connectors").out()).isNotEmpty();
        Outcome missing = run("", "run", "--config", "no-such.yaml", "--quiet");
        assertThat(missing.err()).startsWith("flink-splade: ").contains("no-such.yaml");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--verbose", "-v"})
    void printsTheStackTraceWithVerbose(String option) {
        Outcome outcome = run("", "run", "--config", "no-such.yaml", option);
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err()).contains("no-such.yaml\n", "\tat io.github.flinksplade");
    }

    @Test
    void reportsMistakesInTheJobFileWithTheirLine() throws IOException {
        Path job = directory.resolve("job.yaml");
        Files.writeString(job, "from: file:a\nto: file:b\nkafka.propertys: {a: b}\n");
        Outcome outcome = run("", "run", "--config", job.toString());
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err())
                .isEqualTo(
                        "flink-splade: unknown key 'kafka.propertys' in "
                                + job
                                + ", line 3; did you mean 'kafka.properties'?\n");
    }

    @Test
    void printsTheVersion() {
        assertThat(run("", "--version").out()).startsWith("flink-splade ");
    }
}
