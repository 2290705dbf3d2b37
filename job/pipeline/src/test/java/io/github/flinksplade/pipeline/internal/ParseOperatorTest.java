package io.github.flinksplade.pipeline.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.mapping.DocumentMapping;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ParseOperatorTest {

    private long offset;

    private void process(
            OneInputStreamOperatorTestHarness<SourceRecord, Document> harness, String value)
            throws Exception {
        harness.processElement(
                new SourceRecord(
                        "docs",
                        3,
                        offset++,
                        0,
                        null,
                        value.getBytes(UTF_8),
                        new String[0],
                        new byte[0][]),
                0);
    }

    private static OneInputStreamOperatorTestHarness<SourceRecord, Document> harness()
            throws Exception {
        return harness(RecordFormat.JSON);
    }

    private static OneInputStreamOperatorTestHarness<SourceRecord, Document> harness(
            RecordFormat format) throws Exception {
        return new OneInputStreamOperatorTestHarness<>(
                new ParseOperator("docs", format, DocumentMapping.DEFAULT, 1_000));
    }

    /** A decoder whose server is unavailable for the first requests. */
    private record FlakyDecoder(AtomicInteger failures) implements RecordDecoder {

        private static final long serialVersionUID = 1L;

        @Override
        public JsonValue decode(byte[] bytes, SourceRecord record) throws InvalidRecordException {
            if (failures.getAndDecrement() > 0) {
                throw new UnreachableException("the server is unavailable", null);
            }
            return TextDecoder.JSON.decode(bytes, record);
        }
    }

    private static List<Notice> notices(
            OneInputStreamOperatorTestHarness<SourceRecord, Document> harness) {
        return harness.getSideOutput(Notice.OUTPUT).stream().map(StreamRecord::getValue).toList();
    }

    @Test
    void rejectsOnlyTheInvalidRowOfAMessage() throws Exception {
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness =
                harness(RecordFormat.JSON.withEnvelope(RecordFormat.Envelope.CANAL));
        try {
            harness.open();
            process(
                    harness,
                    "{\"type\":\"INSERT\",\"data\":[{\"id\":\"1\",\"text\":\"x\"},{\"id\":\"2\"},"
                            + "{\"id\":\"3\",\"text\":\"y\"}]}");
            process(harness, "{\"type\":\"ALTER\",\"data\":null}");
            process(harness, "{\"type\":\"INSERT\",\"data\":null}");
            assertThat(harness.extractOutputValues())
                    .extracting(Document::id)
                    .containsExactly("1", "3");
            assertThat(notices(harness))
                    .extracting(notice -> new String(notice.letter().origin().value(), UTF_8))
                    .containsExactly(
                            "{\"type\":\"INSERT\",\"data\":[{\"id\":\"2\"}],\"old\":null}",
                            "{\"type\":\"INSERT\",\"data\":null}");
            harness.endInput();
            assertThat(notices(harness).stream().mapToLong(Notice::read).sum()).isEqualTo(5);
        } finally {
            harness.close();
        }
    }

    @Test
    void reportsRecordsReadBeforeCheckpointAndAtEnd() throws Exception {
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness = harness();
        try {
            harness.open();
            for (int i = 0; i < 3; i++) {
                process(harness, "{\"id\":\"" + i + "\",\"text\":\"x\"}");
            }
            process(harness, "{\"id\":\"x\",\"title\":\"y\"}");
            assertThat(harness.extractOutputValues()).hasSize(3);
            assertThat(notices(harness))
                    .singleElement()
                    .satisfies(
                            notice -> {
                                assertThat(notice.read()).isEqualTo(4);
                                assertThat(notice.entry().toString())
                                        .startsWith(
                                                "1 x \"text\" is missing, first at docs-3@3: the"
                                                        + " document has \"id\", \"title\". If the text");
                                assertThat(notice.letter().message())
                                        .isEqualTo(
                                                "\"text\" is missing: the document has \"id\", \"title\"");
                            });
            process(harness, "{\"id\":\"a\",\"text\":\"x\"}");
            harness.prepareSnapshotPreBarrier(1);
            harness.prepareSnapshotPreBarrier(2);
            assertThat(notices(harness)).hasSize(2);
            for (int i = 0; i < InputOperator.REPORT_INTERVAL + 1; i++) {
                process(harness, "{\"id\":\"a\",\"text\":\"x\"}");
            }
            harness.endInput();
            assertThat(notices(harness))
                    .extracting(Notice::read)
                    .containsExactly(4L, 1L, InputOperator.REPORT_INTERVAL, 1L);
        } finally {
            harness.close();
        }
    }

    @Test
    void failsIfNoRecordHasTheConfiguredFields() throws Exception {
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness = harness();
        try {
            harness.open();
            for (int i = 1; i < MappingCheck.RECORDS; i++) {
                process(harness, "{\"id\":\"x\",\"title\":\"y\"}");
            }
            assertThatThrownBy(() -> process(harness, "{\"id\":\"x\",\"title\":\"y\"}"))
                    .hasRootCauseInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining(
                            "none of the first 100 records of docs is a document: \"text\" is"
                                    + " missing: the document has \"id\", \"title\"");
        } finally {
            harness.close();
        }
    }

    @Test
    void oneDocumentShowsThatTheMappingFits() throws Exception {
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness = harness();
        try {
            harness.open();
            process(harness, "{\"id\":\"x\",\"text\":\"y\"}");
            for (int i = 0; i < 2 * MappingCheck.RECORDS; i++) {
                process(harness, "{\"id\":\"x\",\"title\":\"y\"}");
            }
            assertThat(harness.extractOutputValues()).hasSize(1);
        } finally {
            harness.close();
        }
    }

    @Test
    void retriesTheRecordWhileAServerIsUnavailable() throws Exception {
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness =
                harness(RecordFormat.of(new FlakyDecoder(new AtomicInteger(1))));
        try {
            harness.open();
            process(harness, "{\"id\":\"a\",\"text\":\"x\"}");
            process(harness, "{\"id\":\"b\",\"text\":\"x\"}");
            assertThat(harness.extractOutputValues())
                    .extracting(Document::id)
                    .containsExactly("a", "b");
            assertThat(harness.getSideOutput(Notice.OUTPUT)).isNull();
        } finally {
            harness.close();
        }
    }

    @Test
    @Timeout(20)
    void stopsWaitingWhenItIsCanceled() throws Exception {
        AtomicInteger failures = new AtomicInteger(Integer.MAX_VALUE);
        OneInputStreamOperatorTestHarness<SourceRecord, Document> harness =
                harness(RecordFormat.of(new FlakyDecoder(failures)));
        try {
            harness.open();
            Thread task = Thread.currentThread();
            Thread canceler =
                    new Thread(
                            () -> {
                                while (failures.get() == Integer.MAX_VALUE) {
                                    Thread.onSpinWait(); // until the first attempt
                                }
                                task.interrupt();
                            });
            canceler.start();
            assertThatThrownBy(() -> process(harness, "{\"id\":\"a\",\"text\":\"x\"}"))
                    .isInstanceOf(InterruptedException.class);
            canceler.join();
            assertThat(harness.extractOutputValues()).isEmpty();
        } finally {
            harness.close();
        }
    }
}
