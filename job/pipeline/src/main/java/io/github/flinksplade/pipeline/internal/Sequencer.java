package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineMetrics;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.PlannedPassage;
import io.github.flinksplade.pipeline.internal.EncodedChange.Encoded;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import io.github.flinksplade.pipeline.internal.SequencerState.Emitted;
import io.github.flinksplade.pipeline.internal.SequencerState.StoredVector;
import io.github.flinksplade.pipeline.internal.SequencerState.StoredVectors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keyed by id, after the encoder: emits each change once and in the order of the change detector,
 * with the stored vector for changes that need no inference.
 *
 * <p>Changes of one id arrive in the order of the change detector, with one exception: the changes
 * in the encoder are redistributed over the subtasks if the job is restored with another
 * parallelism, and others may then overtake them. A change that arrives early is buffered until all
 * changes before it have arrived.
 *
 * <p>Versions are compared as well, because the change detector may have forgotten an id or lost
 * its state.
 */
final class Sequencer extends KeyedProcessFunction<String, EncodedChange, VectorRecord> {

    private static final long serialVersionUID = 1L;

    /** The change detector forgets first, so it never relies on a vector that is forgotten here. */
    private static final Duration EXTRA_TIME_TO_LIVE = Duration.ofHours(1);

    /** A change in the encoder arrives within this time, or never. */
    static final Duration MAX_BUFFERING = Duration.ofMinutes(30);

    private static final Reason NOT_ENCODABLE =
            new Reason("not_encodable", "the text cannot be encoded", null);
    private static final Reason NO_VECTOR =
            new Reason("no_vector", "there is no vector for the changed fields", null);

    private static final Reason REPLACED_FIELDS =
            new Reason(
                    "replaced_fields",
                    "fields with the names of a passage's own fields, not written",
                    "Passages have the fields parent, passage, start and end. To exclude the"
                            + " document's, add for instance fields=*,-start to the source's URI.");

    /** The hash of no text, for the vectors of some passages. */
    private static final byte[] NO_TEXT = {};

    private static final Comparator<EncodedChange> BY_SEQUENCE =
            Comparator.comparingLong(encoded -> encoded.change().sequence());

    private final PipelineOptions options;
    private final long fingerprint;
    private final int documentTokens;

    private transient ValueState<SequencerState> state;
    private transient ListState<EncodedChange> buffer;
    private transient Count encoded;
    private transient Count tokens;
    private transient Count truncated;
    private transient Count truncatedTokens;
    private transient Count superseded;
    private transient LongCounter modelTokens;
    private transient LongCounter modelPaddedTokens;
    private transient DeadLetters deadLetters;

    /**
     * @param fingerprint see {@link Hashes#fingerprint}
     * @param documentTokens the limit of documents
     */
    Sequencer(PipelineOptions options, long fingerprint, int documentTokens) {
        this.options = options;
        this.fingerprint = fingerprint;
        this.documentTokens = documentTokens;
    }

    @Override
    public void open(OpenContext openContext) {
        ValueStateDescriptor<SequencerState> last =
                new ValueStateDescriptor<>("last", TypeInformation.of(SequencerState.class));
        if (!options.stateTtl().isZero()) {
            TimeToLive.of(options.stateTtl().plus(EXTRA_TIME_TO_LIVE))
                    .ifPresent(last::enableTimeToLive);
        }
        state = getRuntimeContext().getState(last);
        buffer =
                getRuntimeContext()
                        .getListState(
                                new ListStateDescriptor<>(
                                        "buffer", TypeInformation.of(EncodedChange.class)));
        encoded = new Count(getRuntimeContext(), Counters.ENCODED, PipelineMetrics.ENCODED);
        tokens = new Count(getRuntimeContext(), Counters.TOKENS, PipelineMetrics.TOKENS);
        truncated = new Count(getRuntimeContext(), Counters.TRUNCATED, PipelineMetrics.TRUNCATED);
        truncatedTokens =
                new Count(
                        getRuntimeContext(),
                        Counters.TRUNCATED_TOKENS,
                        PipelineMetrics.TRUNCATED_TOKENS);
        superseded =
                new Count(getRuntimeContext(), Counters.SUPERSEDED, PipelineMetrics.SUPERSEDED);
        modelTokens = getRuntimeContext().getLongCounter(Counters.MODEL_TOKENS);
        modelPaddedTokens = getRuntimeContext().getLongCounter(Counters.MODEL_PADDED_TOKENS);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.ENCODE, null);
    }

    @Override
    public void processElement(EncodedChange arrived, Context context, Collector<VectorRecord> out)
            throws Exception {
        modelTokens.add(arrived.usage().tokens());
        modelPaddedTokens.add(arrived.usage().paddedTokens());
        SequencerState last = state.value();
        SequencerState next = last == null ? SequencerState.INITIAL : last;
        if (arrived.change().sequence() > next.sequence() + 1) {
            buffer.add(arrived);
            context.timerService()
                    .registerProcessingTimeTimer(
                            context.timerService().currentProcessingTime()
                                    + MAX_BUFFERING.toMillis());
            next = next.withBuffering(true);
        } else {
            next = process(next, arrived, context, out);
            if (next.buffering()) {
                next = processBuffer(next, false, context, out);
            }
        }
        state.update(next);
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<VectorRecord> out)
            throws Exception {
        SequencerState last = state.value();
        if (last != null && last.buffering()) {
            state.update(processBuffer(last, true, context, out));
        }
    }

    /**
     * Processes the buffered changes in order, up to the first gap.
     *
     * @param skipGaps whether to continue after gaps
     */
    private SequencerState processBuffer(
            SequencerState last, boolean skipGaps, Context context, Collector<VectorRecord> out)
            throws Exception {
        List<EncodedChange> buffered = new ArrayList<>();
        buffer.get().forEach(buffered::add);
        buffer.clear();
        buffered.sort(BY_SEQUENCE);
        SequencerState next = last;
        int processed = 0;
        while (processed < buffered.size()
                && (skipGaps
                        || buffered.get(processed).change().sequence() <= next.sequence() + 1)) {
            next = process(next, buffered.get(processed++), context, out);
        }
        buffer.addAll(buffered.subList(processed, buffered.size()));
        return next.withBuffering(processed < buffered.size());
    }

    /** Emits, drops or rejects a change; returns the new state. */
    private SequencerState process(
            SequencerState last,
            EncodedChange arrived,
            Context context,
            Collector<VectorRecord> out) {
        Change change = arrived.change();
        if (change.work() == Change.Work.ENCODE) {
            if (arrived.failure() != null) {
                reject(change, arrived.failure(), NOT_ENCODABLE, context);
                return skip(storePassages(last, arrived), change);
            }
            count(arrived.texts());
        }
        if (isSuperseded(change, last.emitted())) {
            superseded.increment();
            return skip(storePassages(last, arrived), change);
        }
        if (change.work() == Change.Work.NONE) {
            return delete(last, change, out);
        }
        DocumentVector[] vectors =
                change.work() == Change.Work.REUSE
                        ? reused(change, last.stored())
                        : change.passages() == null
                                ? new DocumentVector[] {
                                    DocumentVector.encoded(arrived.texts()[0], 0, 0, 0)
                                }
                                : passages(change, arrived.texts(), last.stored());
        if (vectors == null || Arrays.asList(vectors).contains(null)) {
            rejectWithoutVector(change, context);
            return skip(storePassages(last, arrived), change);
        }
        return emit(last, change, vectors, context, out);
    }

    private void count(Encoded[] texts) {
        for (Encoded text : texts) {
            if (text == null) {
                continue;
            }
            encoded.increment();
            tokens.add(text.tokens());
            if (text.truncated()) {
                truncated.increment();
                truncatedTokens.add(text.tokens() - documentTokens);
            }
        }
    }

    /** The stored vectors of an unchanged text; null without them. */
    private DocumentVector[] reused(Change change, StoredVectors stored) {
        return stored != null && stored.isOf(change.textHash(), fingerprint)
                ? Arrays.stream(stored.vectors())
                        .map(vector -> DocumentVector.stored(vector, vector.start(), vector.end()))
                        .toArray(DocumentVector[]::new)
                : null;
    }

    /** The vectors of passages, encoded or stored, with null for those that are neither. */
    private DocumentVector[] passages(Change change, Encoded[] texts, StoredVectors stored) {
        DocumentVector[] vectors = new DocumentVector[texts.length];
        for (int i = 0; i < vectors.length; i++) {
            PlannedPassage passage = change.passages()[i];
            int start = passage.start();
            int end = passage.end();
            if (texts[i] != null) {
                vectors[i] = DocumentVector.encoded(texts[i], start, end, passage.hash());
            } else if (stored != null && stored.fingerprint() == fingerprint) {
                StoredVector same = find(stored.vectors(), passage.hash());
                vectors[i] = same == null ? null : DocumentVector.stored(same, start, end);
            }
        }
        return vectors;
    }

    /**
     * Stores the passages of a change that is not written. The change detector does not know that
     * it is not, and plans the next change with them.
     */
    private SequencerState storePassages(SequencerState last, EncodedChange arrived) {
        Change change = arrived.change();
        if (change.passages() == null || arrived.texts() == null || !options.keepVectors()) {
            return last;
        }
        StoredVector[] vectors =
                Arrays.stream(passages(change, arrived.texts(), last.stored()))
                        .filter(Objects::nonNull)
                        .map(DocumentVector::toStored)
                        .toArray(StoredVector[]::new);
        boolean isComplete = vectors.length == change.passages().length;
        return last.withStored(
                new StoredVectors(isComplete ? change.textHash() : NO_TEXT, fingerprint, vectors));
    }

    private static StoredVector find(StoredVector[] vectors, long hash) {
        for (StoredVector vector : vectors) {
            if (vector.hash() == hash) {
                return vector;
            }
        }
        return null;
    }

    /** Emits nothing for a change, but later ones must not wait for it. */
    private static SequencerState skip(SequencerState last, Change change) {
        return last.withSequence(Math.max(last.sequence(), change.sequence()));
    }

    private void rejectWithoutVector(Change change, Context context) {
        reject(
                change,
                "only other fields of '"
                        + change.id()
                        + "' have changed, but its text could not be encoded before, so there is no"
                        + " vector to write with them. See the earlier dead letter of this id",
                NO_VECTOR,
                context);
    }

    private void reject(Change change, String message, Reason reason, Context context) {
        context.output(
                Notice.OUTPUT,
                deadLetters.write(
                        deadLetters.letter(change.origin(), EncodingException.class, message),
                        reason));
    }

    /** Whether the last change emitted is newer, or is the same and not repeated on purpose. */
    private static boolean isSuperseded(Change change, Emitted last) {
        if (last == null) {
            return false;
        }
        // an id with explicit versions can have a generated one only from a delete before them
        int order = Boolean.compare(change.explicit(), last.explicit());
        if (order == 0) {
            order = Long.compare(change.version(), last.version());
        }
        if (order == 0) {
            order = Boolean.compare(change.isDelete(), last.deleted());
        }
        return order < 0 || order == 0 && !change.repeatsVersion();
    }

    /**
     * The version of a delete. The change detector generates one even if the versions of the id may
     * turn out to be explicit; that version must not be compared with them.
     */
    private static long version(Change change, SequencerState last) {
        Emitted emitted = last.emitted();
        boolean isGenerated = emitted != null && !emitted.explicit() && !emitted.deleted();
        return change.explicit() || isGenerated ? change.version() : VectorRecord.NO_VERSION;
    }

    private SequencerState delete(SequencerState last, Change change, Collector<VectorRecord> out) {
        long version = version(change, last);
        int passages = last.emitted() == null ? unknownPassages() : last.emitted().passages();
        for (int i = 0; i < passages; i++) {
            out.collect(
                    VectorRecord.delete(
                            PassageRecord.id(change.id(), i), version, change.origin()));
        }
        if (passages == Emitted.WHOLE) {
            out.collect(VectorRecord.delete(change.id(), version, change.origin()));
        }
        // a delete that is repeated for a new sink deletes the same ids
        return emitted(last, change, passages, null);
    }

    /** What to delete of an id of which nothing is known: the document, or its first passage. */
    private int unknownPassages() {
        return options.longDocuments().mode() == Mode.PASSAGES ? 1 : Emitted.WHOLE;
    }

    /** Emits the document or its passages, and deletes of what they replace. */
    private SequencerState emit(
            SequencerState last,
            Change change,
            DocumentVector[] vectors,
            Context context,
            Collector<VectorRecord> out) {
        Document document = change.document();
        boolean inPassages = options.longDocuments().mode() == Mode.PASSAGES;
        String fields =
                inPassages ? PassageRecord.withoutOwnFields(document.fields()) : document.fields();
        if (fields.length() < document.fields().length()) {
            context.output(
                    Notice.OUTPUT,
                    Notice.of(document.origin(), REPLACED_FIELDS, "id '" + document.id() + "'"));
        }
        if (inPassages) {
            PassageRecord.all(document, fields, change.version(), vectors).forEach(out::collect);
        } else {
            DocumentVector whole = vectors[0];
            out.collect(
                    new VectorRecord(
                            document.id(),
                            document.operation(),
                            change.version(),
                            document.text(),
                            fields,
                            whole.vector(),
                            whole.tokens(),
                            whole.truncated(),
                            document.origin()));
        }
        boolean wasDeleted = last.emitted() == null || last.emitted().deleted();
        int before = wasDeleted ? 0 : last.emitted().passages();
        if (inPassages && before == Emitted.WHOLE) {
            out.collect(deleteReplaced(change, change.id()));
        }
        for (int i = inPassages ? vectors.length : 0; i < before; i++) {
            out.collect(deleteReplaced(change, PassageRecord.id(change.id(), i)));
        }
        return emitted(
                last,
                change,
                inPassages ? vectors.length : Emitted.WHOLE,
                options.keepVectors()
                        ? new StoredVectors(
                                change.textHash(),
                                fingerprint,
                                Arrays.stream(vectors)
                                        .map(DocumentVector::toStored)
                                        .toArray(StoredVector[]::new))
                        : null);
    }

    private static VectorRecord deleteReplaced(Change change, String id) {
        return VectorRecord.deleteReplaced(id, change.version(), change.origin());
    }

    private static SequencerState emitted(
            SequencerState last, Change change, int passages, StoredVectors stored) {
        return new SequencerState(
                new Emitted(change.explicit(), change.version(), change.isDelete(), passages),
                stored,
                change.sequence(),
                last.buffering());
    }
}
