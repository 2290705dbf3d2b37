/**
 * {@code qdrant://HOST:6334/COLLECTION}: a collection of a Qdrant server, version 1.16 or later.
 *
 * <p><b>The collection.</b> It is created with one named sparse vector (option {@code vector},
 * {@code splade} by default; index in memory, or on disk with {@code on-disk=true}; with {@code
 * modifier=idf} the server multiplies the weights of queries by the terms' idf), payloads on disk,
 * and two payload indexes for the conditions below. An existing collection is accepted if
 * flink-splade wrote it or if it is empty, and rejected otherwise. Its metadata contains the
 * provenance of the vectors under {@code flink_splade}.
 *
 * <p><b>A point.</b> Its id is the document's id if Qdrant supports it, or the UUID of {@link
 * io.github.flinksplade.connector.qdrant.QdrantPointIds}; the payload always contains the
 * document's id as {@code flink_splade.id}, with version, order, tokens, whether the text was
 * truncated, and each value of the fields, for filters ({@code flink_splade.field_values}). The
 * text is stored under {@code text} (unless {@code text=false}), and the other fields, or those
 * selected with {@code fields=a,b}, under their own names. Weights are exact float32; integers are
 * exact in 64 bits, other numbers become doubles. The order of fields is not preserved. A document
 * without terms is a point without a vector.
 *
 * <p><b>Versions.</b> Every write has a condition on the point's order: an upsert replaces a point
 * that is not newer and inserts a missing one, a delete removes a point that is not newer. So
 * replays and late changes never restore old text. The order is stored in two halves because Qdrant
 * compares ranges as doubles. The response does not distinguish writes that the condition excluded:
 * they count as written, not as superseded.
 *
 * <p><b>Deletes.</b> The collection does not remember a deleted point, so an older upsert after the
 * delete would be accepted; the job's sequencer prevents that. With {@code tombstones=true} a
 * delete stores a point without a vector, with its order and {@code flink_splade.deleted}: no older
 * upsert restores the document and no search finds the point, but it counts as a point and remains
 * until it is removed by hand. A delete without a version removes the point unconditionally, and
 * leaves nothing.
 *
 * <p><b>Search.</b> The server finds candidates, and their scores are computed again from the
 * stored weights. With {@code modifier=idf} the idf of a term is the server's own, a float.
 *
 * <p><b>Failures.</b> A batch that the server rejects is split until the rejected change is found.
 * Invalid credentials and a deleted collection fail the job; other failures are retried.
 *
 * <p><b>Client library.</b> The connector uses Qdrant's own Java client, which contains the
 * generated classes of the gRPC API, with conditional writes, sparse vectors and metadata of
 * collections, and sets deadlines and the API key of calls. The channel is the connector's own:
 * {@link io.github.flinksplade.connector.qdrant.QdrantConnection} configures TLS and message sizes,
 * and {@link io.github.flinksplade.connector.qdrant.QdrantClient} replaces a channel that cannot
 * connect.
 */
package io.github.flinksplade.connector.qdrant;
