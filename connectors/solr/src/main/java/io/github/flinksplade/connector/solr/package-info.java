/**
 * {@code solr://HOST:8983/solr/COLLECTION}: a core or collection of Apache Solr 9, which ranks by
 * the exact dot product.
 *
 * <p><b>What is made.</b> In cloud mode the collection, if it is not there ({@code shards}, {@code
 * replicas}; a core outside cloud mode is made on its machine). Through the Schema API and Config
 * API, in any collection whose configuration may be edited: field types {@code splade_*}, the
 * fields {@code order}, {@code vector}, {@code text}, {@code fields}, {@code tokens}, {@code
 * truncated}, {@code deleted_at}, {@code provenance}, and the update processor {@code
 * flink-splade-order}. One document, {@code flink-splade/provenance}, says what made the vectors. A
 * collection with documents of others, or with fields of these names that mean something else, is
 * refused.
 *
 * <p><b>A vector</b> is one text, {@code 2040|1.25 2088|0.5}: ids of terms in decimal, which no
 * analysis can break, each with its weight. Solr keeps it as it is, and indexes each weight as a
 * payload of its term: a 32-bit float, to the bit. An empty vector is a document that no term
 * finds.
 *
 * <p><b>Order.</b> Solr's {@code DocBasedVersionConstraintsProcessorFactory} compares {@code order}
 * ({@link io.github.flinksplade.connector.VectorRecord#order()}) on the shard's leader, together
 * with the write, and passes over what is not higher. It answers the same for what is old and what
 * it has already, so the client asks for what was passed over by real-time get: the same number is
 * written, a higher one is superseded.
 *
 * <p><b>Deletes</b> are documents too, with {@code order} and {@code deleted_at} and nothing else:
 * no older upsert brings them back, however late, and no search for terms finds them. They stay
 * until somebody clears them away. A delete without version is one of Solr's own, and leaves
 * nothing.
 *
 * <p><b>Durable</b> is what Solr acknowledged: it is in its transaction log, which survives the end
 * of the process (not of the machine: Solr does not wait for the disk, and leaves that to
 * replicas). It can be found {@code commit-within} later.
 *
 * <p><b>Failures.</b> Solr ends an update at the first document that it cannot take, with 400: the
 * batch is refused as a whole, and the job halves it. 429, 5xx and what cannot be reached are tried
 * again. Solr's tolerant processor is not used: it says of no document whether it was at fault
 * itself.
 *
 * <p><b>Search</b> lets Solr sum the payloads, in 32-bit floats, over the documents that hold one
 * of the query's terms, takes some more than are wanted, and scores these by their stored weights.
 * It goes on until no document left out could be among the best.
 *
 * <p><b>Limits.</b> An id has at most 32,766 bytes in UTF-8.
 */
package io.github.flinksplade.connector.solr;
