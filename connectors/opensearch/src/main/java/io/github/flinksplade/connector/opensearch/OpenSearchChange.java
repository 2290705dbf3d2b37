package io.github.flinksplade.connector.opensearch;

/**
 * A change as lines of a bulk request.
 *
 * @param lines end with a line feed; null for a delete without a version, which needs the stored
 *     version first
 */
record OpenSearchChange(String id, boolean isDelete, byte[] lines) {}
