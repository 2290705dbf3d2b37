/**
 * {@code solr://HOST:8983/solr/COLLECTION}: a core or collection of Apache Solr 9, which ranks by
 * the exact dot product.
 *
 * <p><b>The collection.</b> In cloud mode a missing collection is created ({@code shards}, {@code
 * replicas}); outside cloud mode, a core must be created on its machine. The Schema API and the
 * Config API add to any collection whose configuration Solr may edit: field types {@code splade_*},
 * the fields {@code order}, {@code vector}, {@code text} (whose words are indexed), {@code fields},
 * {@code field_values} (each of their values, for filters), {@code tokens}, {@code truncated},
 * {@code deleted_at} and {@code provenance}, and the update processor {@code flink-splade-order}.
 * The document {@code flink-splade/provenance} contains the provenance of the vectors. A collection
 * with foreign documents, or with fields of these names and another definition, is rejected.
 *
 * <p><b>A vector</b> is one text, {@code 2040|1.25 2088|0.5}: ids of terms in decimal, which no
 * analysis can split, each with its weight. Solr stores it unchanged and indexes each weight as a
 * payload of its term, an exact 32-bit float. An empty vector is a document that no term finds.
 *
 * <p><b>Order.</b> Solr's {@code DocBasedVersionConstraintsProcessorFactory} compares {@code order}
 * ({@link io.github.flinksplade.connector.VectorRecord#order()}) on the shard's leader, atomically
 * with the write, and skips a change that is not higher. The response does not distinguish an old
 * change from a replay, so the client reads the versions of skipped changes by real-time get: an
 * equal version counts as written, a higher one as superseded.
 *
 * <p><b>Deletes</b> are documents with {@code order} and {@code deleted_at} only: no older upsert
 * restores the document, however late, and no search for terms finds them. They remain until they
 * are removed by hand. A delete without a version is a delete of Solr, and leaves nothing.
 *
 * <p><b>Durability.</b> An acknowledged change is in Solr's transaction log, which survives the end
 * of the process, but not the loss of the machine: Solr does not wait for the disk and relies on
 * replicas. It can be found {@code commit-within} later.
 *
 * <p><b>Failures.</b> Solr ends an update at the first document that it rejects, with status 400:
 * the batch is rejected as a whole, and the job splits it. 429, 5xx and unavailable servers are
 * retried. Solr's tolerant processor is not used, because it does not report which document was at
 * fault.
 *
 * <p><b>Search.</b> Solr sums the payloads, in 32-bit floats, over the documents that contain a
 * term of the query. The connector requests more hits than needed, computes their scores from the
 * stored weights, and requests more until no other document can be among the best.
 *
 * <p><b>Limits.</b> An id has at most 32,766 bytes in UTF-8.
 *
 * <p><b>Client library.</b> The connector uses {@link
 * io.github.flinksplade.connector.http.JsonConnection}, not SolrJ, which brings dozens of
 * dependencies and has no deadline that covers the response body. The few JSON requests used here
 * need nothing else, because the job already provides batches, retries and backoff ({@link
 * io.github.flinksplade.connector.BatchSink}).
 */
package io.github.flinksplade.connector.solr;
