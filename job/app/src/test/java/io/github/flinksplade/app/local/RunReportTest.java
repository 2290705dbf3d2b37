package io.github.flinksplade.app.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.pipeline.Counters;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;
import org.junit.jupiter.api.Test;

class RunReportTest {

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private RunReport report(boolean terminal, long total, boolean resumes) {
        return new RunReport(
                new Console(
                        InputStream.nullInputStream(),
                        OutputStream.nullOutputStream(),
                        new PrintStream(err, true, UTF_8),
                        false,
                        terminal),
                List.of("a", "b"),
                List.of("file:a", "lucene:b"),
                ConnectorUri.parse("file:dead.jsonl"),
                total,
                false,
                resumes);
    }

    private static Map<String, SerializedValue<OptionalFailure<Object>>> counts(Object... pairs)
            throws IOException {
        Map<String, SerializedValue<OptionalFailure<Object>>> counts = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            counts.put(
                    (String) pairs[i],
                    new SerializedValue<>(
                            OptionalFailure.of((Object) ((Number) pairs[i + 1]).longValue())));
        }
        return counts;
    }

    @Test
    void countsWhatWasWrittenToEverySink() throws Exception {
        RunReport report = report(true, 1_000, false);
        report.progress(
                counts(
                        Counters.READ,
                        800,
                        Counters.written("a"),
                        300,
                        Counters.written("b"),
                        250,
                        Counters.SKIPPED,
                        40,
                        Counters.DEAD_LETTERS,
                        10));
        assertThat(err.toString(UTF_8))
                .contains("[######..............] 30 % of 1,000 documents | 250 written")
                .contains("dead letters 10");
    }

    @Test
    void printsOneLinePerMinuteToALogFile() throws Exception {
        RunReport report = report(false, 1_000, false);
        report.progress(counts(Counters.written("a"), 1, Counters.written("b"), 1));
        assertThat(err.size()).isZero();
    }

    @Test
    void reportsOnceWhatTheCheckpointContains() throws Exception {
        RunReport report = report(false, -1, true);
        report.progress(counts(Counters.restored("a"), 290));
        assertThat(err.size()).isZero(); // the other sink has not reported yet
        for (int i = 0; i < 2; i++) {
            report.progress(counts(Counters.restored("a"), 290, Counters.restored("b"), 1_280));
        }
        assertThat(err.toString(UTF_8))
                .isEqualTo(
                        "The checkpoint contains 290 changes written to file:a, 1,280 changes"
                                + " written to lucene:b."
                                + System.lineSeparator());
    }

    @Test
    void theFinalRateIsOfWrittenDocuments() throws Exception {
        report(false, -1, false).summary(counts(Counters.READ, 5_000, Counters.written("a"), 0));
        assertThat(err.toString(UTF_8)).contains("read 5,000").contains("0.0 docs/s");
    }

    @Test
    void reportsHowMuchWasTruncated() throws Exception {
        RunReport report = report(false, -1, false);
        report.summary(
                counts(
                        Counters.TRUNCATED,
                        1_200,
                        Counters.TRUNCATED_TOKENS,
                        450,
                        Counters.TOKENS,
                        1_000));
        assertThat(err.toString(UTF_8))
                .contains("Truncated: 1,200 documents; 45 % of all tokens were not encoded.")
                .contains("--long-documents max")
                .contains("passages");
        err.reset();
        report.summary(counts(Counters.TOKENS, 1_000));
        assertThat(err.toString(UTF_8)).doesNotContain("Truncated:");
    }
}
