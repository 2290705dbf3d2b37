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

/** The queue with a server that answers when the test says so. */
class BatchQueueTest {

    /** A batch that the server has been sent. */
    private record Sending(List<String> batch, CompletableFuture<List<Outcome>> answer) {

        void written() {
            answer.complete(batch.stream().map(change -> Outcome.written()).toList());
        }
    }

    private record Delayed(long millis, Runnable action) {}

    private final Deque<Sending> sendings = new ArrayDeque<>();
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
                    Sending sending = new Sending(batch, new CompletableFuture<>());
                    sendings.add(sending);
                    return sending.answer();
                }

                @Override
                public void close() {
                    events.add("closed");
                }
            };

    private final BatchQueue.Sent sent =
            new BatchQueue.Sent() {
                @Override
                public void batch(int records, long bytes, long millis, boolean repeated) {
                    assertThat(bytes).isEqualTo(10L * records);
                }

                @Override
                public void written(VectorRecord record) {
                    events.add("written " + record.id() + "@" + record.version());
                }

                @Override
                public void superseded(VectorRecord record) {
                    events.add("superseded " + record.id() + "@" + record.version());
                }

                @Override
                public void refused(VectorRecord record, Class<?> failure, String message) {
                    events.add("refused " + record.id() + "@" + record.version() + " " + message);
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
                sent,
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
    void anIdleServerGetsAChangeAtOnceAndABusyOneAFullerBatch() {
        BatchQueue<String> queue = queue(3, 1_000, 1);
        for (String id : List.of("a", "b", "c", "d", "e")) {
            queue.add(change(id, 1));
        }
        assertThat(sendings).hasSize(1);
        assertThat(sendings.peek().batch()).containsExactly("a@1");
        sendings.remove().written();
        assertThat(sendings.peek().batch()).containsExactly("b@1", "c@1", "d@1");
        sendings.remove().written();
        assertThat(sendings.peek().batch()).containsExactly("e@1");
        assertThat(queue.isEmpty()).isFalse();
        sendings.remove().written();
        assertThat(queue.isEmpty()).isTrue();
        assertThat(events)
                .containsExactly(
                        "written a@1", "written b@1", "written c@1", "written d@1", "written e@1");
    }

    @Test
    void batchesAreBoundedByBytesToo() {
        BatchQueue<String> queue = queue(100, 25, 1);
        for (String id : List.of("a", "b", "c", "d")) {
            queue.add(change(id, 1));
        }
        sendings.remove().written();
        assertThat(sendings.remove().batch()).containsExactly("b@1", "c@1");
    }

    @Test
    void aChangeLargerThanABatchGoesAlone() {
        BatchQueue<String> queue = queue(100, 5, 1);
        queue.add(change("a", 1));
        queue.add(change("b", 1));
        sendings.remove().written();
        assertThat(sendings.remove().batch()).containsExactly("b@1");
    }

    @Test
    void itIsFullAtTwoBatchesThatWait() {
        BatchQueue<String> queue = queue(3, 1_000, 1);
        IntStream.range(0, 6).forEach(i -> queue.add(change("doc " + i, 1)));
        assertThat(queue.isFull()).isFalse();
        queue.add(change("one more", 1));
        assertThat(queue.isFull()).isTrue();
        sendings.remove().written();
        assertThat(queue.isFull()).isFalse();
    }

    @Test
    void changesOfOneIdGoOneAfterTheOther() {
        BatchQueue<String> queue = queue(10, 1_000, 3);
        queue.add(change("a", 1));
        queue.add(change("a", 2));
        queue.add(change("b", 1));
        queue.add(change("a", 3));
        queue.add(change("c", 1));
        assertThat(sendings.stream().map(Sending::batch))
                .containsExactly(List.of("a@1"), List.of("b@1"), List.of("c@1"));
        Sending first = sendings.remove();
        // an answer that a change is to be sent again lets nothing of its id pass it
        first.answer().complete(List.of(Outcome.retry("busy")));
        assertThat(sendings).hasSize(2);
        retry();
        assertThat(sendings.peekLast().batch()).containsExactly("a@1");
        sendings.removeLast().written();
        assertThat(sendings.peekLast().batch()).containsExactly("a@2");
        sendings.removeLast().written();
        assertThat(sendings.peekLast().batch()).containsExactly("a@3");
        assertThat(events).containsExactly("written a@1", "written a@2");
    }

    @Test
    void onlyWhatIsToBeSentAgainIsSentAgain() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("first", 1));
        for (String id : List.of("a", "b", "c", "d")) {
            queue.add(change(id, 1));
        }
        sendings.remove().written();
        sendings.remove()
                .answer()
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
                        "refused d@1 no such field");
        retry();
        assertThat(sendings.remove().batch()).containsExactly("b@1");
    }

    @Test
    void aBatchThatIsRefusedIsHalvedUntilTheOneIsFound() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("first", 1));
        for (int i = 0; i < 7; i++) {
            queue.add(change("doc" + i, 1));
        }
        sendings.remove().written();
        int requests = 0;
        while (!sendings.isEmpty()) {
            Sending sending = sendings.remove();
            requests++;
            if (sending.batch().contains("doc4@1")) {
                sending.answer().completeExceptionally(new BatchRejectedException("no JSON"));
            } else {
                sending.written();
            }
        }
        assertThat(queue.isEmpty()).isTrue();
        assertThat(requests).isLessThanOrEqualTo(7);
        assertThat(events).contains("refused doc4@1 no JSON").hasSize(8);
        assertThat(events.stream().filter(event -> event.startsWith("refused"))).hasSize(1);
    }

    @Test
    void whatFailsIsSentAgainLaterAndLater() {
        BatchQueue<String> queue = queue(10, 1_000, 1);
        queue.add(change("a", 1));
        List<Long> delays = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            sendings.remove().answer().completeExceptionally(new IOException("refused"));
            delays.add(delayed.peek().millis());
            retry();
        }
        for (int i = 0; i < delays.size(); i++) {
            long most = Math.min(10_000, 100L << i);
            assertThat(delays.get(i)).isBetween(most / 2, most);
        }
        assertThat(events).isEmpty();
        sendings.remove().written();
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.unavailableSeconds()).isZero();
    }

    @Test
    void waitsAsLongAsTheServerAsks() {
        BatchQueue<String> queue = queue(1, 1_000, 1);
        queue.add(change("a", 1));
        sendings.remove()
                .answer()
                .completeExceptionally(new RetryLaterException("busy", Duration.ofSeconds(30)));
        assertThat(delayed.peek().millis()).isEqualTo(30_000);
        retry();
        sendings.remove()
                .answer()
                .completeExceptionally(new RetryLaterException("busy", Duration.ofDays(30)));
        assertThat(delayed.peek().millis()).isEqualTo(600_000);
        retry();
        sendings.remove().written();
        assertThat(events).containsExactly("written a@1");
    }

    @Test
    void anOutageMakesDeadLettersOnlyIfSoConfiguredAndEndsWithTheFirstSuccess() {
        BatchQueue<String> queue =
                queue(new BatchOptions(10, 1_000, 1, Outage.DEAD_LETTERS, Duration.ZERO));
        queue.add(change("a", 1));
        sendings.remove().answer().completeExceptionally(new IOException("connection refused"));
        assertThat(delayed).isEmpty();
        assertThat(events).hasSize(1);
        assertThat(events.get(0))
                .startsWith("refused a@1 the target has taken nothing for")
                .contains("connection refused");
        queue.add(change("a", 2));
        sendings.remove().written();
        assertThat(events).last().isEqualTo("written a@2");
    }

    /** Where the queue's own thread would fail, and the job with it. */
    private List<Throwable> thrownAfter(java.util.function.Consumer<Sending> answer) {
        List<Throwable> thrown = new ArrayList<>();
        BatchQueue<String> queue =
                BatchQueue.of(
                        "test",
                        client,
                        BatchOptions.of(10, 1_000, 1),
                        sent,
                        (millis, action) -> {
                            try {
                                action.run();
                            } catch (RuntimeException e) {
                                thrown.add(e);
                            }
                        });
        queue.add(change("a", 1));
        answer.accept(sendings.remove());
        assertThat(queue.isEmpty()).isFalse();
        return thrown;
    }

    @Test
    void whatCannotBeMendedEndsTheJob() {
        ConnectorException failure = new ConnectorException("the API key is not valid");
        assertThat(thrownAfter(sending -> sending.answer().completeExceptionally(failure)))
                .containsExactly(failure);
    }

    @Test
    void asManyOutcomesAsChanges() {
        List<Throwable> thrown = thrownAfter(sending -> sending.answer().complete(List.of()));
        assertThat(thrown).hasSize(1);
        assertThat(thrown.get(0)).hasMessage("0 outcomes of 1 changes");
    }

    @Test
    void optionsOfAnAddress() {
        BatchOptions house = BatchOptions.of(100, 1_000_000, 4);
        assertThat(house.with(ConnectorUri.parse("x:y"), 1_000, 2_000_000)).isEqualTo(house);
        ConnectorUri all =
                ConnectorUri.parse(
                        "x:y?batch-records=7&batch-bytes=9kb&in-flight=2&outage=dead-letters&outage-after=5s");
        assertThat(house.with(all, 1_000, 2_000_000))
                .isEqualTo(
                        new BatchOptions(
                                7, 9 << 10, 2, Outage.DEAD_LETTERS, Duration.ofSeconds(5)));
        assertThatThrownBy(
                        () ->
                                house.with(
                                        ConnectorUri.parse("x:y?batch-records=1001"),
                                        1_000,
                                        2_000_000))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "batch-records=1001 in x:y?batch-records=1001: write a whole number from 1"
                                + " to 1000");
        assertThatThrownBy(
                        () -> house.with(ConnectorUri.parse("x:y?outage=ignore"), 1_000, 2_000_000))
                .hasMessage(
                        "outage=ignore in x:y?outage=ignore: write one of [wait, dead-letters]");
    }
}
