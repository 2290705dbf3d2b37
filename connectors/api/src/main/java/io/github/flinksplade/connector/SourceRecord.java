package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * One record of a source: its bytes and position. It is passed along with the document until all
 * sinks have written it, so that a dead letter contains exactly the original. It is not copied: a
 * source must never change the arrays of a record that it has emitted.
 *
 * @param source where it was read from: a topic, the path of a file, or {@code standard input}
 * @param partition partition of the topic; 0 for files
 * @param offset offset in the partition; for files the line number, from 0
 * @param timestamp milliseconds since the epoch, or {@link #NO_TIMESTAMP}
 * @param key key bytes, or null
 * @param value value bytes, or null for a tombstone
 * @param headerNames names of the record's headers in their order; never null
 * @param headerValues values of the headers, same length as the names; an element may be null
 */
@PublicEvolving
public record SourceRecord(
        String source,
        int partition,
        long offset,
        long timestamp,
        byte[] key,
        byte[] value,
        String[] headerNames,
        byte[][] headerValues) {

    public static final long NO_TIMESTAMP = -1L;

    /** A record without timestamp and headers, such as a line of a file. */
    public static SourceRecord of(String source, long offset, byte[] key, byte[] value) {
        return new SourceRecord(
                source, 0, offset, NO_TIMESTAMP, key, value, new String[0], new byte[0][]);
    }

    /** The record's size in bytes: key, value and headers. */
    public long sizeInBytes() {
        long size = (key == null ? 0 : key.length) + (value == null ? 0L : value.length);
        for (int i = 0; i < headerNames.length; i++) {
            size +=
                    headerNames[i].length()
                            + (headerValues[i] == null ? 0 : headerValues[i].length);
        }
        return size;
    }

    /**
     * The position, for messages: {@code topic-0@42}, or {@code /path/docs.jsonl line 43} for a
     * file. The path of a file contains a slash and {@code standard input} a space, and the name of
     * a topic neither.
     */
    public String position() {
        return source.indexOf('/') >= 0 || source.indexOf('\\') >= 0 || source.indexOf(' ') >= 0
                ? source + " line " + (offset + 1)
                : source + "-" + partition + "@" + offset;
    }
}
