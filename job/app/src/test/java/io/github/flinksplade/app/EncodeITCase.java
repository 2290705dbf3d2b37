package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code encode} with the built-in model. */
class EncodeITCase {

    private static final String EMPTY = "{\"indices\":[],\"values\":[]}";

    private static List<String> lines(Outcome outcome) {
        return outcome.out().lines().toList();
    }

    @Test
    void printsOneLinePerInputLineInOrder() {
        List<String> texts =
                List.of(
                        "a car",
                        "",
                        "dogs \uD83D\uDC36 and cats",
                        "\u6771\u4eac",
                        " \t",
                        "e\u0301 a\u2028b",
                        "x".repeat(10_000));
        Outcome outcome = MainTest.run(String.join("\n", texts), "encode");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(lines(outcome)).hasSize(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            assertThat(lines(outcome).get(i))
                    .isEqualTo(
                            texts.get(i).isBlank()
                                    ? EMPTY
                                    : lines(MainTest.run("", "encode", texts.get(i))).get(0));
        }
        assertThat(lines(MainTest.run("\n", "encode", "--format", "lucene"))).containsExactly("{}");
    }

    @Test
    void readsArgumentsAsUtf8InEveryLocale(@TempDir Path directory) {
        String tokyo = "$(printf '\\346\\235\\261\\344\\272\\254')";
        String command = Distribution.home().resolve("bin/flink-splade") + " encode ";
        Distribution.Answer answer =
                Distribution.execute(
                        directory,
                        "",
                        Map.of("LC_ALL", "C"),
                        List.of("bash", "-c", command + "\"" + tokyo + "\""));
        answer.expect(0);
        assertThat(answer.out().strip())
                .isEqualTo(lines(MainTest.run("\u6771\u4eac", "encode")).get(0))
                .isNotEqualTo(EMPTY);
    }

    @Test
    void keepsTheOrderOfManyLines() {
        String input =
                String.join(
                        "\n",
                        IntStream.range(0, 300)
                                .mapToObj(i -> "word ".repeat(1 + i * 7 % 40) + (i % 10))
                                .toList());
        List<String> batched = lines(MainTest.run(input, "encode"));
        List<String> single = lines(MainTest.run(input, "encode", "--threads", "1"));
        assertThat(batched).hasSize(300).isEqualTo(single);
    }

    @Test
    void printsAnErrorForALineOfInvalidUtf8() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        byte[] input = {'a', '\n', (byte) 0xff, '\n', 'a'};
        int code =
                Main.run(
                        new String[] {"encode"},
                        new ByteArrayInputStream(input),
                        out,
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(code).isEqualTo(ExitCode.FINDINGS);
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).isEqualTo("{\"error\":\"line 2: not valid UTF-8\"}");
        assertThat(lines.get(2)).isEqualTo(lines.get(0));
    }

    @Test
    void reportsTruncatedTexts() {
        Outcome outcome = MainTest.run("", "encode", "--document-tokens", "8", "a b c d e f g h");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEqualTo("1 text was longer than 8 tokens and truncated.\n");
    }

    @Test
    void appliesPruningAndFormats() {
        assertThat(
                        lines(
                                        MainTest.run(
                                                "",
                                                "encode",
                                                "--prune",
                                                "top_k=1",
                                                "--format",
                                                "lucene",
                                                "a car"))
                                .get(0))
                .matches("\\{\"cars?\":[0-9.]+}");
        assertThat(MainTest.run("", "encode", "--format", "terms", "a car").out())
                .startsWith("number of actual dimensions:  ")
                .contains("\nSPLADE BOW rep:\n [('car', ");
    }

    @Test
    void writesTopicsForAnserini() {
        Outcome numbered =
                MainTest.run("a car\n\na car", "encode", "--role", "query", "--format", "anserini");
        assertThat(numbered.code()).as(numbered.err()).isZero();
        assertThat(lines(numbered)).hasSize(3);
        assertThat(lines(numbered).get(0)).matches("1\\t\\S+( \\S+)+");
        assertThat(lines(numbered).get(1)).isEqualTo("2\t(nothing)");
        assertThat(lines(numbered).get(2)).isEqualTo(lines(numbered).get(0).replace("1\t", "3\t"));

        Outcome named =
                MainTest.run(
                        "17\ta car\na car\n17\tx\n\tx\nq 1\tx\n18\ta\tcar\n",
                        "encode",
                        "--role",
                        "query",
                        "--format",
                        "anserini");
        assertThat(named.code()).isEqualTo(ExitCode.FINDINGS);
        assertThat(lines(named))
                .containsExactly(
                        lines(numbered).get(0).replace("1\t", "17\t"),
                        lines(numbered).get(0).replace("1\t", "18\t"));
        assertThat(named.err().lines())
                .containsExactly(
                        "line 2: no tab between id and query, but the first line has one",
                        "line 3: the id '17' is a duplicate",
                        "line 4: the id '' is empty or contains white space",
                        "line 5: the id 'q 1' is empty or contains white space");
        assertThat(
                        lines(
                                MainTest.run(
                                        "",
                                        "encode",
                                        "--role",
                                        "query",
                                        "--format",
                                        "anserini",
                                        "a car",
                                        "")))
                .containsExactly(lines(numbered).get(0), "2\t(nothing)");
    }

    @Test
    @SuppressWarnings("try") // the input is closed before the rest
    void printsResultsBeforeThePipeEnds() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        try (PipedOutputStream input = new PipedOutputStream();
                PipedInputStream in = new PipedInputStream(input);
                PipedOutputStream out = new PipedOutputStream();
                PipedInputStream output = new PipedInputStream(out, 1 << 16)) {
            Future<Integer> encode =
                    one.submit(() -> Main.run(new String[] {"encode"}, in, out, System.err));
            BufferedReader results =
                    new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8));
            for (int i = 0; i < 3; i++) {
                input.write(("text " + i + "\n").getBytes(StandardCharsets.UTF_8));
                input.flush();
                assertThat(results.readLine()).startsWith("{\"indices\":[");
            }
            input.close();
            assertThat(encode.get(60, TimeUnit.SECONDS)).isZero();
        } finally {
            one.shutdownNow();
        }
    }

    @Test
    void reportsAFullDiskButNotAClosedPipe() throws IOException {
        Path full = Path.of("/dev/full");
        assumeThat(full).as("/dev/full, which only Linux has").exists();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (OutputStream out = Files.newOutputStream(full)) {
            assertThat(encodeTo(out, err)).isEqualTo(ExitCode.INPUT);
        }
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        "flink-splade: cannot write to standard output: No space left on"
                                + " device\n");
        err.reset();
        OutputStream closed =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("Broken pipe");
                    }
                };
        assertThat(encodeTo(closed, err)).isZero();
        assertThat(err.size()).isZero();
    }

    private static int encodeTo(OutputStream out, OutputStream err) {
        return Main.run(
                new String[] {"encode", "a car"},
                new ByteArrayInputStream(new byte[0]),
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }
}
