package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.BatchOptions.Outage;
import io.github.flinksplade.connector.contract.Corpus;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests the queue with a server whose responses the test controls. */
class BatchQueueTest {

    /** A batch that was sent to the server. */
    private record Sent(List<String> batch, CompletableFuture<List<Outcome>> response) {

        void written() {
            response.complete(batch.stream().map(change -> Outcome.written()).toList());
        }
    }

    private record Delayed(long millis, Runnable action) {}

    private static final long NOW = 1_700_000_000_000L;

    private final Deque<Sent> batches = new ArrayDeque<>();
    private final Deque<Delayed> delayed = new ArrayDeque<>();
    private final List<String> events = new ArrayList<>();

    private final BatchClient<String> client =
            new BatchClient<>() {
                @Override
                public String request(VectorRecord record) {
                    return record.id() + "@" + record.version();
                }

                @Override
                public long sizeInBytes(String request) {
                    return 10;
                }

                @Override
                public CompletableFuture<List<Outcome>> send(List<String> batch) {
                    Sent sent = new Sent(batch, new CompletableFuture<>());
                    batches.add(sent);
                    return sent.response();
                }

                @Override
                public void close() {
                    events.add("closed");
                }
            };

    private final BatchQueue.Listener listener =
            new BatchQueue.Listener() {
                @Override
                public void batchSent(int records, long bytes, long millis, boolean isRetry) {
                    assertThat(bytes).isEqualTo(10L * records);
                }

                @Override
                public void written(VectorRecord record, long eventTime) {
                    assertThat(eventTime).isEqualTo(NOW);
                    events.add("written " + record.id() + "@" + record.version());
                }

                @Override
                public void superseded(VectorRecord record) {
                    events.add("superseded " + record.id() + "@" + record.version());
                }

                @Override
                public void rejected(VectorRecord record, Class<?> failure, String message) {
                    events.add("rejected " + record.id() + "@" + record.version() + " " + message);
                }
            };

    private BatchQueue<String> queue(int records, long bytes, int inFlight) {
        return queue(
                new BatchOptions(records, bytes, inFlight, Outage.WAIT, Duration.ofMinutes(1)));
    }

    private BatchQueue<String> queue(BatchOptions options) {
        return BatchQueue.of(
                "test",
                client,
                options,
                listener,
                (millis, action) -> {
                    if (millis == 0) {
                        action.run();
                    } else {
                        delayed.add(new Delayed(millis, action));
                    }
                });
    }

    private static VectorRecord change(String id, long version) {
        return Corpus.upsert(id, version);
    }

    private void retry() {
        delayed.remove().action().run();
    }

    @Test
    void sendsImmediatelyWhenIdleAndFillsBatchesWhenBusy() {
        BatchQueue<String> queue = queue(3, 1_000, 1);
        for (String id : List.of("a", "b", "c", "d", "e")) {
            queue.add(change(id, 1), NOW);
        }
        assertThat(batches).hasSize(1);
        assertThat(queue.pending()).isEqualTo(5);
        assertThat(batches.peek().batch()).containsExactly("a@1");
        batches.remove().written();
        assertThat(batches.peek().batch()).containsExactly("b@1", "c@1", "d@1");
        batches.remove().written();
        assertThat(batches.peek().batch()).containsExactly("e@1");
        assertThat(queue.isEmpty()).isFalse();
        batches.remove().written();
        assertThat(queue.isEmpty()).isTrue();
        assertThat(events)
                .containsExactly(
                        "written a@1", "written b@1", "written c@1", "written d@1", "written e@1");
    }

    @Test
    void limitsBytesOfBatches() {
        BatchQueue<String> queue = queue(100, 25, 1);
        for (String id : List.of("a", "b", "c", "d")) {
            queue.add(change(id, 1), NOW);
        }
        batches.remove().written();
        assertThat(batches.remove().batch()).containsExactly("b@1", "c@1");
    }

    @Test
    void sendsOversizedChangeInItsOwnBatch() {
        BatchQueue<String> queue = queue(100, 5, 1);
        queue.add(change("a", 1), NOW);
        queue.add(change("b", 1), NOW);
        batches.remove().written();
        assertThat(batches.remove().batch()).containsExactly("b@1");
    }

    @Test
    void isFullWithTwoWaitingBatches() {
        BatchQueue<String> queue = queue(3, 1_000, 1);
        IntStream.range(0, 6).forEach(i -> queue.add(change("doc " + i, 1), NOW));
        assertThat(queue.isFull()).isFalse();
        queue.add(change("one more", 1), NOW);
        assertThat(queue.isFull()).isTrue();
        batches.remove().written();
        assertThat(queue.isFull()).isFalse();
    }

    @Test
    void sendsChangesOfOneIdOneAfterAnother() {
        BatchQueue<String> queue = queue(10, 1_000, 3);
        queue.add(change("a", 1), NOW);
        queue.add(change("a", 2), NOW);
        queue.add(change("b", 1), NOW);
        queue.add(change("a", 3), NOW);
        queue.add(change("c", 1), NOW);
        assertThat(batches.stream().map(Sent::batch))
                .containsExactly(List.of("a@1"), List.of("b@1"), List.of("c@1"));
        Sent first = batches.remove();
        // no later change of the id overtakes a retry
        first.response().complete(List.of(Outcome.retry("busy")));
        assertThat(batches).hasSize(2);
        retry();
        assertThat(batches.peekLast().batch()).containsExactly("a@1");
        batches.removeLast().written();
        assertThat(batches.peekLast().batch()).containsExactly("a@2");
        batches.removeLast().written();
        assertThat(batches.peekLast().batch()).containsExactly("a@3");
        assertThat(events).containsExactly("written a@1", "written a@2");
    }

    @Test
    void retriesOnlyChangesThatNeedIt() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("first", 1), NOW);
        for (String id : List.of("a", "b", "c", "d")) {
            queue.add(change(id, 1), NOW);
        }
        batches.remove().written();
        batches.remove()
                .response()
                .complete(
                        List.of(
                                Outcome.written(),
                                Outcome.retry("429"),
                                Outcome.superseded(),
                                Outcome.rejected("no such field")));
        assertThat(events)
                .containsExactly(
                        "written first@1",
                        "written a@1",
                        "superseded c@1",
                        "rejected d@1 no such field");
        retry();
        assertThat(batches.remove().batch()).containsExactly("b@1");
    }

    @Test
    void halvesRejectedBatchUntilOneChangeIsLeft() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("first", 1), NOW);
        for (int i = 0; i < 7; i++) {
            queue.add(change("doc" + i, 1), NOW);
        }
        batches.remove().written();
        int requests = 0;
        while (!batches.isEmpty()) {
            Sent sent = batches.remove();
            requests++;
            if (sent.batch().contains("doc4@1")) {
                sent.response().completeExceptionally(new BatchRejectedException("no JSON"));
            } else {
                sent.written();
            }
        }
        assertThat(queue.isEmpty()).isTrue();
        assertThat(requests).isLessThanOrEqualTo(7);
        assertThat(events).contains("rejected doc4@1 no JSON").hasSize(8);
        assertThat(events.stream().filter(event -> event.startsWith("rejected"))).hasSize(1);
    }

    @Test
    void retriesFailuresWithGrowingDelays() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("a", 1), NOW);
        List<Long> delays = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            batches.remove().response().completeExceptionally(new IOException("refused"));
            delays.add(delayed.peek().millis());
            retry();
        }
        for (int i = 0; i < delays.size(); i++) {
            long max = Math.min(10_000, 100L << i);
            assertThat(delays.get(i)).isBetween(max / 2, max);
        }
        assertThat(events).isEmpty();
        batches.remove().written();
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.unavailableSeconds()).isZero();
    }

    @Test
    void waitsAsLongAsServerRequests() {
        BatchQueue<String> queue = queue(1, 1_000, 1);
        queue.add(change("a", 1), NOW);
        batches.remove()
                .response()
                .completeExceptionally(new RetryLaterException("busy", Duration.ofSeconds(30)));
        assertThat(delayed.peek().millis()).isEqualTo(30_000);
        retry();
        batches.remove()
                .response()
                .completeExceptionally(new RetryLaterException("busy", Duration.ofDays(30)));
        assertThat(delayed.peek().millis()).isEqualTo(600_000);
        retry();
        batches.remove().written();
        assertThat(events).containsExactly("written a@1");
    }

    @Test
    void sendsToDeadLettersUntilFirstSuccessIfConfigured() {
        BatchQueue<String> queue =
                queue(new BatchOptions(10, 1_000, 1, Outage.DEAD_LETTERS, Duration.ZERO));
        queue.add(change("a", 1), NOW);
        batches.remove().response().completeExceptionally(new IOException("connection refused"));
        assertThat(delayed).isEmpty();
        assertThat(events).hasSize(1);
        assertThat(events.get(0))
                .startsWith("rejected a@1 the sink has not accepted any change for")
                .contains("connection refused");
        queue.add(change("a", 2), NOW);
        batches.remove().written();
        assertThat(events).last().isEqualTo("written a@2");
    }

    /** The exceptions in the owner thread, which would fail the job. */
    private List<Throwable> thrownAfter(java.util.function.Consumer<Sent> response) {
        List<Throwable> thrown = new ArrayList<>();
        BatchQueue<String> queue =
                BatchQueue.of(
                        "test",
                        client,
                        BatchOptions.of(10, 1_000, 1),
                        listener,
                        (millis, action) -> {
                            try {
                                action.run();
                            } catch (RuntimeException e) {
                                thrown.add(e);
                            }
                        });
        queue.add(change("a", 1), NOW);
        response.accept(batches.remove());
        assertThat(queue.isEmpty()).isFalse();
        return thrown;
    }

    @Test
    void permanentFailureFailsJob() {
        ConnectorException failure = new ConnectorException("the API key is not valid");
        assertThat(thrownAfter(sent -> sent.response().completeExceptionally(failure)))
                .containsExactly(failure);
    }

    @Test
    void requiresOneOutcomePerChange() {
        List<Throwable> thrown = thrownAfter(sent -> sent.response().complete(List.of()));
        assertThat(thrown).hasSize(1);
        assertThat(thrown.get(0)).hasMessage("the client returned 0 outcomes for 1 changes");
    }

    @Test
    void readsOptionsFromUri() {
        BatchOptions defaults = BatchOptions.of(100, 1_000_000, 4);
        assertThat(defaults.with(ConnectorUri.parse("x:y"), 1_000, 2_000_000)).isEqualTo(defaults);
        ConnectorUri all =
                ConnectorUri.parse(
                        "x:y?batch-records=7&batch-bytes=9kb&in-flight=2&outage=dead-letters&outage-after=5s");
        assertThat(defaults.with(all, 1_000, 2_000_000))
                .isEqualTo(
                        new BatchOptions(
                                7, 9 << 10, 2, Outage.DEAD_LETTERS, Duration.ofSeconds(5)));
        assertThatThrownBy(
                        () ->
                                defaults.with(
                                        ConnectorUri.parse("x:y?batch-records=1001"),
                                        1_000,
                                        2_000_000))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "batch-records=1001 in x:y?batch-records=1001: write a whole number from 1"
                                + " to 1000");
        assertThatThrownBy(
                        () ->
                                defaults.with(
                                        ConnectorUri.parse("x:y?outage=ignore"), 1_000, 2_000_000))
                .hasMessage(
                        "outage=ignore in x:y?outage=ignore: write one of [wait, dead-letters]");
    }
}
