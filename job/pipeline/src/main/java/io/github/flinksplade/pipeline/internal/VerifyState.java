package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Difference;
import java.util.Arrays;
import java.util.List;

/**
 * What the comparison knows of an id.
 *
 * @param records the records of the index, with deletes in a log
 * @param source the last document of the sources; null if they have none
 * @param changedVersion the version of the last change of its content
 * @param position the position of that change, for messages
 * @param content the differences between that document and the records, versions aside
 * @param rejected whether that change is in the dead-letter queue
 * @param unread whether the job has not read a change of the id
 */
public record VerifyState(
        StoredRecord[] records,
        ChangeDetectorState source,
        long changedVersion,
        String position,
        Difference[] content,
        boolean rejected,
        boolean unread) {

    static final VerifyState EMPTY =
            new VerifyState(new StoredRecord[0], null, 0, null, new Difference[0], false, false);

    /** With a record of the index, which replaces an earlier one unless that is newer. */
    VerifyState with(StoredRecord record) {
        StoredRecord[] all = records;
        for (int i = 0; i < all.length; i++) {
            if (all[i].id().equals(record.id())) {
                if (record.version() >= 0 && record.order() < all[i].order()) {
                    return this;
                }
                StoredRecord[] replaced = all.clone();
                replaced[i] = record;
                return withRecords(replaced);
            }
        }
        StoredRecord[] added = Arrays.copyOf(all, all.length + 1);
        added[all.length] = record;
        return withRecords(added);
    }

    private VerifyState withRecords(StoredRecord[] newRecords) {
        return new VerifyState(
                newRecords, source, changedVersion, position, content, rejected, unread);
    }

    /** With a document whose content is the same as before. */
    VerifyState withSource(ChangeDetectorState newSource) {
        return new VerifyState(
                records, newSource, changedVersion, position, content, rejected, unread);
    }

    /** With a changed document, or a delete. */
    VerifyState withChange(
            ChangeDetectorState newSource,
            String newPosition,
            List<Difference> newContent,
            boolean isRejected) {
        return new VerifyState(
                records,
                newSource,
                newSource.version(),
                newPosition,
                newContent.toArray(new Difference[0]),
                isRejected,
                unread);
    }

    VerifyState asUnread() {
        return new VerifyState(records, source, changedVersion, position, content, rejected, true);
    }

    /** The records that the index contains. */
    List<StoredRecord> live() {
        return Arrays.stream(records).filter(record -> !record.delete()).toList();
    }
}
