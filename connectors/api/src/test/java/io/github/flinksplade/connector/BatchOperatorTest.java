package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.contract.Corpus;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class BatchOperatorTest {

    /** A server that rejects the ids that start with "bad". */
    private record Server() implements BatchSink {
        private static final long serialVersionUID = 1L;

        @Override
        public BatchOptions batching() {
            return BatchOptions.of(10, 1_000, 1);
        }

        @Override
        public BatchClient<?> client() {
            return new BatchClient<String>() {
                @Override
                public String request(VectorRecord record) {
                    return record.id();
                }

                @Override
                public long sizeInBytes(String request) {
                    return request.length();
                }

                @Override
                public CompletableFuture<List<Outcome>> send(List<String> batch) {
                    return CompletableFuture.completedFuture(
                            batch.stream()
                                    .map(
                                            id ->
                                                    id.startsWith("bad")
                                                            ? Outcome.rejected("bad id")
                                                            : Outcome.written())
                                    .toList());
                }

                @Override
                public void close() {}
            };
        }
    }

    @Test
    void reportsProgressUnderItsDisplayName() throws Exception {
        OneInputStreamOperatorTestHarness<VectorRecord, DeadLetter> harness =
                new OneInputStreamOperatorTestHarness<>(
                        new BatchDelivery("qdrant://host/docs?vector=v", "docs", new Server()));
        harness.setProcessingTime(0);
        harness.open();
        for (String id : List.of("a", "bad", "b")) {
            harness.processElement(new StreamRecord<>(Corpus.upsert(id, 1)));
        }
        harness.setProcessingTime(SinkProgress.INTERVAL_MILLIS - 1);
        assertThat(harness.getSideOutput(BatchDelivery.PROGRESS)).isNull();
        // no response is processed before the task waits for them
        harness.setProcessingTime(SinkProgress.INTERVAL_MILLIS);
        harness.prepareSnapshotPreBarrier(1);
        harness.setProcessingTime(2 * SinkProgress.INTERVAL_MILLIS);
        harness.setProcessingTime(3 * SinkProgress.INTERVAL_MILLIS);
        harness.processElement(new StreamRecord<>(Corpus.upsert("c", 1)));
        harness.endInput();
        assertThat(harness.getSideOutput(BatchDelivery.PROGRESS))
                .extracting(StreamRecord::getValue)
                .containsExactly(
                        new SinkProgress("docs", 0, 3),
                        new SinkProgress("docs", 2, -3),
                        new SinkProgress("docs", 1, 0));
        assertThat(harness.extractOutputValues())
                .extracting(DeadLetter::sink)
                .containsExactly("qdrant://host/docs?vector=v");
        harness.close();
    }
}
