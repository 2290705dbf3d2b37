package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import io.github.flinksplade.pipeline.Notices;
import io.github.flinksplade.pipeline.TooManyDeadLettersException;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.throwable.ThrowableClassifier;
import org.apache.flink.runtime.throwable.ThrowableType;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NoticeBoardTest {

    /** Static, because the operator is serialized with its log. */
    private static final List<String> LOGGED = new ArrayList<>();

    private NoticeBoard board;
    private OneInputStreamOperatorTestHarness<Notice, DeadLetter> harness;
    private long offset;

    @BeforeEach
    void clear() {
        LOGGED.clear();
    }

    @AfterEach
    void close() throws Exception {
        if (harness != null) {
            harness.close();
            harness = null;
        }
    }

    private void open(String max, String source, OperatorSubtaskState state) throws Exception {
        close();
        board =
                new NoticeBoard(
                        MaxDeadLetters.parse(max),
                        List.of(source),
                        List.of("index", "topic"),
                        LOGGED::add);
        harness = new OneInputStreamOperatorTestHarness<>(board);
        harness.setup();
        if (state != null) {
            harness.initializeState(state);
        }
        harness.open();
    }

    private void open(String max) throws Exception {
        open(max, "docs#1", null);
    }

    private void read(long records) throws Exception {
        harness.processElement(Notice.ofRead(records), 0);
    }

    private void dead(String sink, String summary) throws Exception {
        SourceRecord origin = SourceRecord.of("/d/docs.jsonl", offset++, null, new byte[0]);
        harness.processElement(
                new Notice(
                        new DeadLetter(
                                origin,
                                sink == null ? DeadLetter.Stage.PARSE : DeadLetter.Stage.WRITE,
                                sink,
                                "C",
                                summary),
                        sink + summary,
                        summary,
                        origin.position(),
                        null,
                        "Do it.",
                        sink == null ? 1 : 0,
                        null),
                0);
    }

    private long allRejected() {
        return board.getRuntimeContext()
                .getLongCounter(Counters.ALL_REJECTED)
                .getLocalValuePrimitive();
    }

    private List<Notices.Entry> notices() {
        return board.getRuntimeContext()
                .<Notices.Entry, ArrayList<Notices.Entry>>getAccumulator(Notices.NAME)
                .getLocalValue();
    }

    @Test
    void forwardsAndListsDeadLetters() throws Exception {
        open("none");
        dead(null, "no text");
        read(3);
        dead(null, "no text");
        harness.processElement(
                Notice.of(
                        SourceRecord.of("/d/docs.jsonl", 9, null, null),
                        new Reason("equal_version", "equal version", null),
                        "id 'a'"),
                0);
        assertThat(harness.extractOutputValues()).hasSize(2);
        assertThat(notices())
                .extracting(Notices.Entry::toString)
                .containsExactly(
                        "2 x no text, first at /d/docs.jsonl line 1. Do it.",
                        "1 x equal version, first at /d/docs.jsonl line 10: id 'a'");
        assertThat(Notices.deadLetters(notices())).hasSize(1);
        assertThat(Notices.others(notices())).hasSize(1);
    }

    @Test
    void logsNewNoticesAtMostOncePerMinute() throws Exception {
        open("none");
        harness.setProcessingTime(10_000);
        dead(null, "no text");
        dead(null, "no text");
        assertThat(LOGGED).isEmpty();
        harness.setProcessingTime(11_000);
        assertThat(LOGGED)
                .containsExactly(
                        "Dead letters and other notices since the last start:\n"
                                + "  2 x no text, first at /d/docs.jsonl line 1. Do it.");
        dead(null, "no text");
        harness.setProcessingTime(70_999);
        assertThat(LOGGED).hasSize(1);
        harness.setProcessingTime(71_000);
        assertThat(LOGGED).hasSize(2);
        assertThat(LOGGED.get(1)).contains("  3 x no text");
        harness.setProcessingTime(500_000);
        read(1_000);
        harness.setProcessingTime(900_000);
        assertThat(LOGGED).as("nothing new").hasSize(2);
        dead(null, "no text");
        close();
        assertThat(LOGGED).as("at the end").hasSize(3);
    }

    @Test
    void failsPermanentlyWithReasons() throws Exception {
        open("2");
        dead(null, "no text");
        dead(null, "no text");
        assertThatThrownBy(() -> dead("index", "too long"))
                .isInstanceOf(TooManyDeadLettersException.class)
                .hasMessage(
                        "3 dead letters of 2 records read exceed max-dead-letters (2). Correct the"
                                + " records, or raise max-dead-letters. The dead-letter queue contains"
                                + " those up to the last checkpoint. Reasons: 2 x no text, first at"
                                + " /d/docs.jsonl line 1; 1 x too long, first at /d/docs.jsonl line"
                                + " 3.")
                .satisfies(
                        e ->
                                assertThat(
                                                ThrowableClassifier.findThrowableOfThrowableType(
                                                        e, ThrowableType.NonRecoverableError))
                                        .isPresent());
    }

    @Test
    void countsPercentageOverRestartsUntilSourcesAreReadAgain() throws Exception {
        open("5 %");
        read(60);
        for (int i = 0; i < 4; i++) {
            dead(null, "no text");
        }
        OperatorSubtaskState state = harness.snapshot(1, 0);
        open("5 %", "docs#1", state);
        read(35);
        dead(null, "no text"); // 5 of 100
        assertThatThrownBy(() -> dead(null, "no text")) // 6 of 101
                .isInstanceOf(TooManyDeadLettersException.class)
                .hasMessageStartingWith("6 dead letters of 101 records read exceed");

        open("5 %", "docs#2", state);
        read(95);
        for (int i = 0; i < 5; i++) {
            dead(null, "no text");
        }
        harness.endInput();
        assertThat(allRejected()).isZero();
    }

    @Test
    void checksPercentageOfFewRecordsAtEnd() throws Exception {
        open("5 %");
        read(9);
        dead(null, "no text");
        assertThatThrownBy(() -> harness.endInput())
                .isInstanceOf(TooManyDeadLettersException.class);
    }

    @Test
    void reportsThatNothingReachedASink() throws Exception {
        open("none");
        dead(null, "no text");
        read(2);
        dead("index", "too long");
        dead("index", "too long");
        dead("topic", "too large");
        OperatorSubtaskState state = harness.snapshot(1, 0);
        harness.endInput();
        assertThat(allRejected()).as("the topic has one").isZero();

        open("none", "docs#1", state);
        dead("topic", "too large");
        harness.endInput();
        assertThat(allRejected()).isEqualTo(1);

        open("none");
        harness.endInput();
        assertThat(allRejected()).as("nothing was read").isZero();
    }
}
