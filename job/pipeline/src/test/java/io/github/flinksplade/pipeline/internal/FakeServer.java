package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** The sink of a fake server, of which only the responses are implemented. */
interface FakeServer extends BatchSink {

    /** A connection, which sends a batch; all changes are written when the future completes. */
    Function<List<VectorRecord>, CompletableFuture<Void>> connect();

    @Override
    default BatchClient<?> client() {
        Function<List<VectorRecord>, CompletableFuture<Void>> connection = connect();
        return new BatchClient<VectorRecord>() {
            @Override
            public VectorRecord request(VectorRecord record) {
                return record;
            }

            @Override
            public long sizeInBytes(VectorRecord request) {
                return 1;
            }

            @Override
            public CompletableFuture<List<Outcome>> send(List<VectorRecord> batch) {
                return connection
                        .apply(batch)
                        .thenApply(unused -> Collections.nCopies(batch.size(), Outcome.written()));
            }

            @Override
            public void close() {}
        };
    }
}
