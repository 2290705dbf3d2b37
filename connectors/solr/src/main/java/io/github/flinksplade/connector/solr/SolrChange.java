package io.github.flinksplade.connector.solr;

/**
 * A change as a command of an update.
 *
 * @param order what Solr compares; meaningless for a delete without a version
 * @param isVersioned false for a delete without a version
 * @param isReplaced whether it deletes a replaced id: it then has the order of a delete of the
 *     version before, and replaces an upsert of the next order
 * @param command a member of the update's JSON object
 */
record SolrChange(String id, long order, boolean isVersioned, boolean isReplaced, byte[] command) {}
