package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.pipeline.Difference;
import io.github.flinksplade.pipeline.Differences;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.VerifyJob;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Versioning;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedMultiInput;
import org.apache.flink.streaming.api.operators.InputSelectable;
import org.apache.flink.streaming.api.operators.InputSelection;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Keyed by the id of a document: reads the records of the index, then the documents of the sources,
 * and compares them when both have ended. A text is compared when it is read, so that the state
 * contains hashes only.
 */
final class VerifyOperator extends AbstractStreamOperator<Notice>
        implements TwoInputStreamOperator<IndexRecord, VerifiedDocument, Notice>,
                InputSelectable,
                BoundedMultiInput {

    private static final long serialVersionUID = 1L;

    private static final int INDEX = 1;

    private final IndexedDocuments index;
    private final String encoder;
    private final long[] rejected;
    private final int maxDifferences;
    private final ChangeRules rules =
            new ChangeRules(PipelineOptions.builder().build(), 0, new long[0]);

    private transient ValueState<VerifyState> state;
    private transient Differences differences;
    private transient DeadLetters deadLetters;
    private transient boolean indexEnded;
    private transient boolean sourcesEnded;

    /**
     * @param encoder the fingerprint that the vectors must have
     * @param rejected hashes of the records in the dead-letter queue, ascending
     */
    VerifyOperator(IndexedDocuments index, String encoder, long[] rejected, int maxDifferences) {
        this.index = index;
        this.encoder = encoder;
        this.rejected = rejected;
        this.maxDifferences = maxDifferences;
    }

    private static ValueStateDescriptor<VerifyState> descriptor() {
        return new ValueStateDescriptor<>("document", TypeInformation.of(VerifyState.class));
    }

    @Override
    public void open() throws Exception {
        super.open();
        state = getRuntimeContext().getState(descriptor());
        differences = new Differences(maxDifferences);
        getRuntimeContext().addAccumulator(Differences.NAME, differences);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.PARSE, null);
    }

    @Override
    public InputSelection nextSelection() {
        return indexEnded ? InputSelection.SECOND : InputSelection.FIRST;
    }

    private VerifyState current() throws Exception {
        VerifyState value = state.value();
        return value == null ? VerifyState.EMPTY : value;
    }

    @Override
    public void processElement1(StreamRecord<IndexRecord> element) throws Exception {
        state.update(current().with(element.getValue().record()));
    }

    @Override
    public void processElement2(StreamRecord<VerifiedDocument> element) throws Exception {
        VerifyState current = current();
        if (element.getValue().unread()) {
            state.update(current.asUnread());
            return;
        }
        Document document = element.getValue().document();
        Decision decision = rules.decide(current.source(), document, MicrosClock.SYSTEM.micros());
        if (decision instanceof Decision.Emit emit) {
            List<Difference> content =
                    document.isDelete()
                            ? List.of()
                            : Comparison.content(document, stored(document), current.live());
            state.update(
                    current.withChange(
                            emit.next(),
                            document.origin().position(),
                            content,
                            Arrays.binarySearch(rejected, VerifyTopology.hash(document.origin()))
                                    >= 0));
        } else if (decision instanceof Decision.Skip skip) {
            if (skip.next() != null) {
                state.update(current.withSource(skip.next()));
            }
        } else if (decision instanceof Decision.DropEqualVersion drop) {
            output.collect(
                    new StreamRecord<>(ChangeDetector.equalVersion(document, drop.version())));
        } else if (decision instanceof Decision.RejectMixedVersions) {
            output.collect(new StreamRecord<>(ChangeDetector.mixedVersions(document, deadLetters)));
        }
    }

    /** The fields that the index would store. */
    private String stored(Document document) {
        return index.stored(document.fields());
    }

    @Override
    public void endInput(int input) throws Exception {
        indexEnded |= input == INDEX;
        sourcesEnded |= input != INDEX;
        if (indexEnded && sourcesEnded) {
            getKeyedStateBackend()
                    .applyToAllKeys(
                            VoidNamespace.INSTANCE,
                            VoidNamespaceSerializer.INSTANCE,
                            descriptor(),
                            (key, value) -> compare((String) key, value.value()));
        }
    }

    private void compare(String id, VerifyState compared) {
        List<StoredRecord> records = compared.live();
        count(VerifyJob.INDEX_RECORDS).add(records.size());
        if (compared.source() != null && !compared.source().isDeleted()) {
            count(VerifyJob.SOURCE_DOCUMENTS).add(1);
            boolean hasVersion = compared.source().versioning() == Versioning.EXPLICIT;
            for (StoredRecord record : records) {
                if (record.text() == null) {
                    count(hasVersion ? VerifyJob.VERSION_ONLY : VerifyJob.NOT_COMPARED).add(1);
                }
                if (record.fields() == null) {
                    count(VerifyJob.FIELDS_NOT_COMPARED).add(1);
                }
            }
        }
        List<Difference> found = Comparison.all(id, compared, encoder);
        if (found.isEmpty()) {
            return;
        }
        if (compared.unread()) {
            count(VerifyJob.UNREAD).add(1);
        } else if (compared.rejected()) {
            count(VerifyJob.DEAD_LETTERS).add(1);
        } else {
            found.forEach(differences::add);
        }
    }

    private LongCounter count(String name) {
        return getRuntimeContext().getLongCounter(name);
    }
}
