package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BytesInFlightTest {

    private final BytesInFlight bytes = new BytesInFlight(100);

    private CompletableFuture<BytesInFlight.Entry> enterInOtherThread(long size) {
        CompletableFuture<BytesInFlight.Entry> entered = new CompletableFuture<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                entered.complete(bytes.enter(size));
                            } catch (InterruptedException e) {
                                entered.completeExceptionally(e);
                            }
                        });
        thread.setDaemon(true);
        thread.start();
        while (!entered.isDone()
                && thread.getState() != Thread.State.WAITING
                && thread.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
        return entered;
    }

    @Test
    void waitsForRoom() throws Exception {
        BytesInFlight.Entry first = bytes.enter(60);
        BytesInFlight.Entry second = bytes.enter(40);
        CompletableFuture<BytesInFlight.Entry> third = enterInOtherThread(50);
        assertThat(third).isNotDone();
        first.done();
        third.get(10, TimeUnit.SECONDS).done();
        second.done();
        assertThat(bytes.bytes()).isZero();
    }

    @Test
    void countsFinishedEntriesUntilAllBeforeAreFinished() throws Exception {
        BytesInFlight.Entry first = bytes.enter(50);
        BytesInFlight.Entry second = bytes.enter(50);
        second.done();
        assertThat(bytes.bytes()).isEqualTo(100);
        CompletableFuture<BytesInFlight.Entry> third = enterInOtherThread(1);
        assertThat(third).isNotDone();
        first.done();
        third.get(10, TimeUnit.SECONDS);
        assertThat(bytes.bytes()).isEqualTo(1);
    }

    @Test
    void oversizedEntryEntersEmptyQueue() throws Exception {
        BytesInFlight.Entry first = bytes.enter(1000);
        CompletableFuture<BytesInFlight.Entry> second = enterInOtherThread(1000);
        assertThat(second).isNotDone();
        first.done();
        second.get(10, TimeUnit.SECONDS);
    }
}
