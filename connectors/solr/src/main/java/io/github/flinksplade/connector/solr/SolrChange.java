package io.github.flinksplade.connector.solr;

/**
 * A change as a command of an update.
 *
 * @param order what Solr compares; meaningless for a delete without a version
 * @param isVersioned false for a delete without a version
 * @param command a member of the update's JSON object
 */
record SolrChange(String id, long order, boolean isVersioned, byte[] command) {}
