package io.github.flinksplade.pipeline.internal;

/**
 * A record of an index on its way to the comparison.
 *
 * @param document the id of the document that it is of
 */
public record IndexRecord(String document, StoredRecord record) {}
