package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SinkProgress;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Notices;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.util.OutputTag;

/**
 * A report of an operator to the {@link NoticeBoard}: a dead letter, a document without effect, the
 * progress of a sink, or only the number of records read.
 *
 * @param letter the dead letter, or null
 * @param key identifies the reason; null if there is nothing to report
 * @param summary see {@link Notices.Entry#summary()}
 * @param position see {@link Notices.Entry#position()}
 * @param detail see {@link Notices.Entry#detail()}
 * @param hint see {@link Notices.Entry#hint()}
 * @param read records read since the operator's last notice
 * @param progress what a sink has done, or null
 */
public record Notice(
        DeadLetter letter,
        String key,
        String summary,
        String position,
        String detail,
        String hint,
        long read,
        SinkProgress progress) {

    private static final int MAX_DETAIL = 150;

    /** The side output of notices. */
    static final OutputTag<Notice> OUTPUT =
            new OutputTag<>("notices", TypeInformation.of(Notice.class));

    /** A document without effect. */
    static Notice of(SourceRecord origin, Reason reason, String detail) {
        return new Notice(
                null,
                reason.code(),
                reason.summary(),
                origin.position(),
                abbreviated(detail),
                reason.hint(),
                0,
                null);
    }

    /** A detail as one line of limited length. */
    static String abbreviated(String detail) {
        if (detail == null) {
            return null;
        }
        String line = detail.strip().replaceAll("\\s*\\R\\s*", " ");
        return line.length() <= MAX_DETAIL ? line : line.substring(0, MAX_DETAIL) + " ...";
    }

    static Notice ofRead(long records) {
        return new Notice(null, null, null, null, null, null, records, null);
    }

    static Notice ofProgress(SinkProgress progress) {
        return new Notice(null, null, null, null, null, null, 0, progress);
    }

    Notice withRead(long records) {
        return new Notice(letter, key, summary, position, detail, hint, records, progress);
    }

    Notices.Entry entry() {
        return new Notices.Entry(letter != null, key, summary, 1, position, detail, hint);
    }

    /**
     * A reason, without the values of a single record.
     *
     * @param code a word for metrics
     * @param summary {@code "text" is missing}
     * @param hint what to do about it, as sentences; may be null
     */
    record Reason(String code, String summary, String hint) {}
}
