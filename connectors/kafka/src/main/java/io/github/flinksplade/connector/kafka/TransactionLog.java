package io.github.flinksplade.connector.kafka;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * Reads from the log of a partition what transactions wrote to it and how they ended. The log is
 * read from its end backward, since the transactions of a job that is down are among the last.
 */
final class TransactionLog {

    /** Offsets that are read at once: the first number, then four times as many each time. */
    private static final long FIRST_WINDOW = 2_000;

    private static final long MAX_WINDOW = 512_000;
    private static final int WINDOW_GROWTH = 4;

    /** Consecutive responses without records, of 100 ms each, after which reading fails. */
    private static final int MAX_EMPTY_RESPONSES = 100;

    private final BrokerRequests requests;

    TransactionLog(BrokerRequests requests) {
        this.requests = requests;
    }

    /** The producer of a transaction. Flink increments the epoch for each transaction. */
    record Producer(long id, short epoch) {}

    /** How a transaction ended. */
    enum End {
        COMMIT,
        ABORT,
        /** It is open, or its end is not in the log. */
        NONE
    }

    /**
     * What a transaction wrote to a partition.
     *
     * @param records number of records, also of those that are no longer in the log
     */
    record Written(Producer producer, long records, End end) {}

    /**
     * A batch of a requested producer id.
     *
     * @param end null unless the batch is the marker of a transaction's end
     */
    private record Batch(Producer producer, int firstSequence, int lastSequence, End end) {}

    /**
     * A partition.
     *
     * @param startOffset the first offset of the log
     * @param endOffset the offset after the last record
     */
    record Partition(TopicPartition partition, Node leader, long startOffset, long endOffset) {}

    /**
     * What the transactions wrote to a partition; without those of which the log contains no
     * record.
     *
     * @param producers the producers of the transactions
     * @param notBefore all transactions were open at this time or later
     */
    List<Written> read(Partition partition, Collection<Producer> producers, Instant notBefore) {
        TreeMap<Long, Batch> batches = new TreeMap<>();
        long end = partition.endOffset();
        long window = FIRST_WINDOW;
        boolean complete = false;
        while (!complete && end > partition.startOffset()) {
            long start = Math.max(partition.startOffset(), end - window);
            boolean reachedTime =
                    read(partition, start, end, producers, notBefore.toEpochMilli(), batches);
            complete =
                    reachedTime
                            || producers.stream()
                                    .allMatch(
                                            producer ->
                                                    batches.values().stream()
                                                            .anyMatch(
                                                                    batch ->
                                                                            isFirst(
                                                                                    batch,
                                                                                    producer)));
            end = start;
            window = Math.min(MAX_WINDOW, window * WINDOW_GROWTH);
        }
        List<Written> result = new ArrayList<>();
        for (Producer producer : producers) {
            Written written = written(producer, batches.values());
            if (written.records() > 0) {
                result.add(written);
            }
        }
        return result;
    }

    private static boolean isFirst(Batch batch, Producer producer) {
        return batch.end() == null
                && batch.producer().equals(producer)
                && batch.firstSequence() == 0;
    }

    /**
     * @param batches in the order of the log
     */
    private static Written written(Producer producer, Collection<Batch> batches) {
        long records = 0;
        End end = End.NONE;
        for (Batch batch : batches) {
            if (batch.end() == null && batch.producer().equals(producer)) {
                // Sequence numbers start at 0 with each epoch.
                records = batch.lastSequence() + 1L;
                end = End.NONE;
            } else if (batch.end() != null && records > 0 && end == End.NONE) {
                // The marker of a timeout, or of transactions of version 2, has a higher epoch.
                end = batch.producer().id() == producer.id() ? batch.end() : end;
            }
        }
        return new Written(producer, records, end);
    }

    /**
     * Reads the offsets from {@code start} to before {@code end}.
     *
     * @return whether they include the end of a transaction, of any producer, before {@code
     *     notBefore}: then no earlier batch is one of the transactions
     */
    private boolean read(
            Partition partition,
            long start,
            long end,
            Collection<Producer> producers,
            long notBefore,
            TreeMap<Long, Batch> batches) {
        boolean reachedTime = false;
        int emptyResponses = 0;
        long position = start;
        while (position < end) {
            FetchResponseData.PartitionData data =
                    requests.fetch(partition.leader(), partition.partition(), position);
            Errors error = Errors.forCode(data.errorCode());
            if (error == Errors.OFFSET_OUT_OF_RANGE && data.logStartOffset() > position) {
                position = data.logStartOffset(); // deleted by retention meanwhile
                continue;
            }
            if (error != Errors.NONE) {
                throw error.exception();
            }
            long before = position;
            for (RecordBatch batch : FetchResponse.recordsOrFail(data).batches()) {
                if (batch.baseOffset() >= end) {
                    position = end;
                    break;
                }
                position = batch.nextOffset();
                if (batch.isControlBatch()) {
                    reachedTime |= batch.maxTimestamp() < notBefore;
                }
                if (producers.stream().anyMatch(one -> one.id() == batch.producerId())) {
                    batches.put(
                            batch.baseOffset(),
                            new Batch(
                                    new Producer(batch.producerId(), batch.producerEpoch()),
                                    batch.baseSequence(),
                                    batch.lastSequence(),
                                    batch.isControlBatch() ? end(batch) : null));
                }
            }
            emptyResponses = position == before ? emptyResponses + 1 : 0;
            if (emptyResponses > MAX_EMPTY_RESPONSES) {
                throw new TimeoutException(
                        "no records at offset " + position + " of " + partition.partition());
            }
        }
        return reachedTime;
    }

    private static End end(RecordBatch marker) {
        Record record = marker.iterator().next();
        return switch (ControlRecordType.parse(record.key())) {
            case COMMIT -> End.COMMIT;
            case ABORT -> End.ABORT;
            default -> End.NONE;
        };
    }
}
