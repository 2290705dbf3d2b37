package io.github.flinksplade.app.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.pipeline.Notices;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeadLetterSummaryTest {

    private static final ConnectorUri QUEUE = ConnectorUri.parse("file:dead.jsonl");

    @Test
    void printsALinePerReason() {
        String here = Path.of("nested.jsonl").toAbsolutePath() + " line 1";
        assertThat(
                        DeadLetterSummary.lines(
                                1_002,
                                QUEUE,
                                List.of(
                                        new Notices.Entry(
                                                true,
                                                "a",
                                                "\"text\" is missing",
                                                1_000,
                                                here,
                                                null,
                                                "Rename it."),
                                        new Notices.Entry(
                                                false,
                                                "b",
                                                "equal version",
                                                3,
                                                "t-0@7",
                                                "id 'a'",
                                                null),
                                        new Notices.Entry(
                                                true,
                                                "c",
                                                "refused",
                                                2,
                                                "/no/where line 2",
                                                "x",
                                                null))))
                .containsExactly(
                        "Dead letters: 1,002, in file:dead.jsonl.",
                        "  1,000 x \"text\" is missing, first at nested.jsonl line 1. Rename it.",
                        "  2 x refused, first at /no/where line 2: x",
                        "Please check:",
                        "  3 x equal version, first at t-0@7: id 'a'");
    }

    @Test
    void printsOneLineWithoutDeadLetters() {
        assertThat(DeadLetterSummary.lines(0, QUEUE, List.of()))
                .containsExactly("Dead letters: 0.");
    }
}
