package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Difference;
import io.github.flinksplade.pipeline.Difference.Kind;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.internal.ChangeDetectorState.Versioning;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Compares the records of an index with the document that they are of. Pure functions. */
final class Comparison {

    private static final int MAX_NAMES = 5;

    private Comparison() {}

    /**
     * The differences between a document's content and the records of its id: other texts or
     * fields, missing passages, and records that another form of the document has left. Not those
     * of versions and encoders, nor a document that is missing altogether.
     *
     * @param records the records of the index; no deletes
     * @param fields the document's fields as the index stores them, as a JSON object
     */
    static List<Difference> content(Document document, String fields, List<StoredRecord> records) {
        List<Difference> differences = new ArrayList<>();
        StoredRecord whole =
                records.stream().filter(record -> !record.isPassage()).findFirst().orElse(null);
        List<StoredRecord> passages =
                records.stream()
                        .filter(StoredRecord::isPassage)
                        .sorted(Comparator.comparingInt(StoredRecord::passage))
                        .toList();
        boolean isWhole =
                whole != null && passages.stream().allMatch(part -> part.order() < whole.order());
        if (isWhole) {
            for (StoredRecord passage : passages) {
                differences.add(leftOver(passage, "the document has one vector"));
            }
            byte[] text = Hashes.of(document.text());
            add(
                    whole,
                    changes(whole, text, FieldHashes.of(FieldHashes.parse(fields), false)),
                    differences);
        } else if (!passages.isEmpty()) {
            if (whole != null) {
                differences.add(leftOver(whole, "the document is stored in passages"));
            }
            passages(
                    document,
                    FieldHashes.of(FieldHashes.parse(fields), true),
                    passages,
                    differences);
        }
        return differences;
    }

    private static Difference leftOver(StoredRecord record, String instead) {
        return new Difference(Kind.EXTRA, record.id(), instead);
    }

    private static void add(
            StoredRecord record, List<String> changes, List<Difference> differences) {
        if (!changes.isEmpty()) {
            differences.add(new Difference(Kind.STALE, record.id(), String.join("; ", changes)));
        }
    }

    private static List<String> changes(StoredRecord record, byte[] text, FieldHashes fields) {
        List<String> changes = new ArrayList<>();
        if (record.text() != null && !Arrays.equals(record.text(), text)) {
            changes.add("the text differs");
        }
        if (record.fields() != null) {
            List<String> names = record.fields().differing(fields);
            if (!names.isEmpty()) {
                changes.add(
                        "other fields: "
                                + String.join(
                                        ", ", names.subList(0, Math.min(names.size(), MAX_NAMES)))
                                + (names.size() > MAX_NAMES ? ", ..." : ""));
            }
        }
        return changes;
    }

    /** Each passage must be where its fields state, and together they must cover the text. */
    private static void passages(
            Document document,
            FieldHashes fields,
            List<StoredRecord> passages,
            List<Difference> differences) {
        String text = document.text();
        int characters = text.codePointCount(0, text.length());
        int start = 0; // of the last passage, in UTF-16 code units
        int startCharacters = 0; // the same in characters
        int covered = 0; // in UTF-16 code units
        int expected = 0;
        boolean isMissing = false;
        for (StoredRecord passage : passages) {
            for (; expected < passage.passage(); expected++) {
                isMissing = true;
                differences.add(missing(document, expected, ""));
            }
            expected++;
            byte[] part = null;
            boolean isAfterGap = false;
            if (passage.hasPosition() && passage.end() <= characters) {
                start = text.offsetByCodePoints(start, passage.start() - startCharacters);
                startCharacters = passage.start();
                int end = text.offsetByCodePoints(start, passage.end() - passage.start());
                part = Hashes.of(text.substring(start, end));
                isAfterGap = !isMissing && !isBlank(text, covered, start);
                isMissing = false;
                covered = Math.max(covered, end);
            }
            List<String> changes = changes(passage, part, fields);
            if (part == null && passage.text() == null) {
                changes.add("it ends after the text");
            }
            if (isAfterGap) {
                changes.add("no passage contains the text before it");
            }
            add(passage, changes, differences);
        }
        boolean hasOtherText =
                differences.stream().anyMatch(difference -> difference.kind() == Kind.STALE);
        if (!hasOtherText && !isBlank(text, covered, text.length())) {
            int end = text.codePointCount(0, covered);
            differences.add(
                    missing(
                            document,
                            expected,
                            "the passages end at character " + end + " of " + characters));
        }
    }

    private static Difference missing(Document document, int passage, String detail) {
        return new Difference(Kind.MISSING, PassageRecord.id(document.id(), passage), detail);
    }

    private static boolean isBlank(String text, int start, int end) {
        for (int i = start; i < end; i++) {
            if (!Character.isWhitespace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /**
     * All differences of an id, after all documents were read.
     *
     * @param encoder the fingerprint that the vectors must have
     */
    static List<Difference> all(String id, VerifyState state, String encoder) {
        List<StoredRecord> records = state.live();
        ChangeDetectorState source = state.source();
        if (source == null || source.isDeleted()) {
            String detail = source == null ? "not in the source" : "deleted at " + state.position();
            return records.stream()
                    .map(record -> new Difference(Kind.EXTRA, record.id(), detail))
                    .toList();
        }
        if (records.isEmpty()) {
            return List.of(new Difference(Kind.MISSING, id, "in " + state.position()));
        }
        List<Difference> differences = new ArrayList<>();
        Map<String, StoredRecord> byId = new HashMap<>();
        records.forEach(record -> byId.put(record.id(), record));
        Set<String> reported = new HashSet<>();
        for (Difference difference : state.content()) {
            reported.add(difference.id());
            differences.add(
                    difference.kind() == Kind.STALE
                            ? withVersion(difference, byId.get(difference.id()), state)
                            : difference);
        }
        for (StoredRecord record : records) {
            if (!reported.contains(record.id()) && record.text() == null) {
                Difference difference = withVersion(null, record, state);
                if (difference != null) {
                    differences.add(difference);
                }
            }
            boolean isLeftOver =
                    differences.stream()
                            .anyMatch(
                                    difference ->
                                            difference.kind() == Kind.EXTRA
                                                    && difference.id().equals(record.id()));
            if (!isLeftOver && !encoder.equals(record.encoder())) {
                differences.add(
                        new Difference(
                                Kind.ENCODER,
                                record.id(),
                                "its encoder is " + record.encoder() + ", not " + encoder));
            }
        }
        return differences;
    }

    /**
     * A difference of content with that of the versions, if the document has one. A record may have
     * any version since the last change of the content.
     *
     * @param content null if the content is equal or was not compared
     * @return null if there is no difference
     */
    private static Difference withVersion(
            Difference content, StoredRecord record, VerifyState state) {
        long last = state.source().version();
        boolean isComparable = state.source().versioning() == Versioning.EXPLICIT;
        boolean isNewer = isComparable && record.version() > last;
        boolean isOlder = isComparable && record.version() < state.changedVersion();
        if (!isNewer && !isOlder) {
            return content;
        }
        String versions = "version " + record.version() + ", not " + last;
        return new Difference(
                isNewer ? Kind.NEWER : Kind.STALE,
                record.id(),
                content == null ? versions : versions + "; " + content.detail());
    }
}
