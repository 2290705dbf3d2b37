package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.PassageSplitter.Passage;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.PlannedPassage;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Content;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Versioning;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decides which documents are written, with which version, and whether they need inference.
 *
 * @param options the options of the job
 * @param fingerprint the encoder of the job and how it encodes long documents
 * @param sinks hashes of the names of the job's sinks, ascending
 */
record ChangeRules(PipelineOptions options, long fingerprint, long[] sinks)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Compares a document with the state of its id. A pure function.
     *
     * @param last the state; null if the id is unknown
     * @param nowMicros the time in microseconds, for generated versions
     */
    Decision decide(ChangeDetectorState last, Document document, long nowMicros) {
        boolean delete = document.isDelete();
        Versioning before = last == null ? Versioning.UNDECIDED : last.versioning();
        if (isMixed(before, document)) {
            return new Decision.RejectMixedVersions();
        }
        boolean explicit = document.version() != null || before == Versioning.EXPLICIT;
        Versioning versioning =
                explicit ? Versioning.EXPLICIT : delete ? before : Versioning.GENERATED;

        Content content = delete ? null : Content.of(document);
        boolean sameText = !delete && last != null && content.hasSameText(last.content());
        boolean same = last != null && (delete ? last.isDeleted() : content.isSame(last.content()));
        boolean sameEncoder = delete || last != null && last.fingerprint() == fingerprint;

        long version;
        if (explicit) {
            // a tombstone has no version: it deletes the last one
            version = document.version() == null ? last.version() : document.version();
            if (before == Versioning.EXPLICIT) {
                boolean older = version < last.version();
                if (older || version == last.version() && last.isDeleted() && !delete) {
                    return new Decision.DropSuperseded();
                }
                if (version == last.version() && !same && !delete) {
                    return new Decision.DropEqualVersion(version);
                }
            }
        } else {
            version = same && sameEncoder ? last.version() : generate(last, nowMicros);
        }

        if (same && sameEncoder && !mustEmitUnchanged(last, document)) {
            boolean isNewVersion = version != last.version() || versioning != before;
            return new Decision.Skip(isNewVersion ? last.withVersion(versioning, version) : null);
        }

        Change.Work work =
                delete
                        ? Change.Work.NONE
                        : sameText && sameEncoder && mayReuseVector(last, document)
                                ? Change.Work.REUSE
                                : Change.Work.ENCODE;
        Change change =
                new Change(
                        document,
                        version,
                        explicit,
                        last != null && version == last.version() && delete == last.isDeleted(),
                        work,
                        last == null ? 1 : last.sequence() + 1,
                        delete ? null : content.textHash(),
                        null);
        boolean vectorStored =
                work == Change.Work.REUSE || work == Change.Work.ENCODE && options.keepVectors();
        return new Decision.Emit(
                change,
                reason(last, same, work),
                new ChangeDetectorState(
                        versioning,
                        version,
                        content,
                        change.sequence(),
                        vectorStored,
                        fingerprint,
                        sinks,
                        work == Change.Work.REUSE ? last.passages() : null));
    }

    /**
     * Adds the passages of a document that is encoded. Passages whose vectors are stored are not
     * encoded again, wherever in the document they were.
     *
     * @param last the state that {@link #decide} got
     * @param emit its result, whose change is to be encoded
     */
    Decision.Emit withPassages(
            ChangeDetectorState last, Decision.Emit emit, List<Passage> passages) {
        Change change = emit.change();
        Set<Long> stored = new HashSet<>();
        if (last != null
                && last.passages() != null
                && last.fingerprint() == fingerprint
                && mayReuseVector(last, change.document())) {
            for (long hash : last.passages()) {
                stored.add(hash);
            }
        }
        PlannedPassage[] planned = new PlannedPassage[passages.size()];
        long[] hashes = new long[planned.length];
        for (int i = 0; i < planned.length; i++) {
            Passage passage = passages.get(i);
            hashes[i] = Hashes.ofPassage(passage.of(change.document().text()));
            planned[i] =
                    new PlannedPassage(
                            passage.start(), passage.end(), hashes[i], !stored.contains(hashes[i]));
        }
        return new Decision.Emit(
                change.withPassages(planned), emit.reason(), emit.next().withPassages(hashes));
    }

    private static boolean isMixed(Versioning before, Document document) {
        return switch (before) {
            case UNDECIDED -> false;
            case GENERATED -> document.version() != null;
            case EXPLICIT -> document.version() == null && !document.isDelete();
        };
    }

    private boolean mustEmitUnchanged(ChangeDetectorState last, Document document) {
        return !options.skipUnchanged()
                || options.reindex()
                || document.replayed()
                || !Hashes.contains(last.sinks(), sinks);
    }

    /**
     * Whether the sequencer has the vector. A replayed dead letter is encoded again, because its
     * text may not have been encodable before.
     */
    private boolean mayReuseVector(ChangeDetectorState last, Document document) {
        return options.skipUnchanged()
                && options.keepVectors()
                && last.vectorStored()
                && !document.replayed();
    }

    /**
     * A version from the clock, so that a document which is read again after a failure, or by a job
     * without its old state, is newer than the stored one.
     */
    private static long generate(ChangeDetectorState last, long nowMicros) {
        return last == null ? nowMicros : Math.max(last.version() + 1, nowMicros);
    }

    private static Decision.Reason reason(
            ChangeDetectorState last, boolean same, Change.Work work) {
        if (same) {
            return Decision.Reason.REINDEXED;
        }
        return switch (work) {
            case NONE -> last == null ? Decision.Reason.UNKNOWN_DELETED : Decision.Reason.CHANGED;
            case REUSE -> Decision.Reason.FIELDS_CHANGED;
            case ENCODE -> Decision.Reason.CHANGED;
        };
    }
}
