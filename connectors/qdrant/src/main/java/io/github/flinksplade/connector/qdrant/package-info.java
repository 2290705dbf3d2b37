/**
 * {@code qdrant://HOST:6334/COLLECTION}: a collection of a Qdrant server, from version 1.16 on.
 *
 * <p><b>What is created.</b> A collection with one named sparse vector (option {@code vector},
 * {@code splade} by default; index in memory, or with {@code on-disk=true} on disk; {@code
 * modifier=idf} lets the server multiply the weights of queries by the terms' idf), payloads on
 * disk, two payload indexes that the guard below reads. A collection that is there already is used
 * as it is if flink-splade wrote it or if it is empty, and refused otherwise. What made the vectors
 * stands in its metadata under {@code flink_splade}.
 *
 * <p><b>A point.</b> Its id is the document's where Qdrant can hold that one, else the UUID of
 * {@link io.github.flinksplade.connector.qdrant.QdrantPointIds}; the document's id always stands in
 * the payload as {@code flink_splade.id}. Beside it: version, order, tokens and whether the text
 * was truncated. The text is under {@code text} (unless {@code text=false}), each of the other
 * fields, or those chosen with {@code fields=a,b}, under its own name. Weights are float32 and held
 * exactly; integers are exact in 64 bits, other numbers become doubles. The order of fields is not
 * kept. A document without terms is a point without vector.
 *
 * <p><b>Versions.</b> Every write carries a condition on the order that the point has: an upsert
 * replaces a point that is not newer and adds one that is not there, a delete removes one that is
 * not newer. So replays and changes that come late bring no old text back. The order stands in two
 * halves because Qdrant compares ranges as doubles. A write that the condition held back is
 * answered like any other: such changes are counted as written, not as superseded.
 *
 * <p><b>Deletes.</b> Once a point is gone the collection knows nothing of it, and an older upsert
 * that comes after its delete is taken; the job's order guard is what keeps it from coming. With
 * {@code tombstones=true} a delete leaves a point without vector that keeps its order and the mark
 * {@code flink_splade.deleted}: nothing older comes back, no search finds it, but it counts as a
 * point and stays until somebody removes it. A delete without version removes the point whatever it
 * holds, and leaves nothing.
 *
 * <p><b>Search.</b> The server finds the candidates, and their scores are computed again from the
 * stored weights. Under {@code modifier=idf} the idf of a term is the server's own, a float.
 *
 * <p><b>Failures.</b> A batch that the server refuses is halved until the one change is found that
 * it refuses. Wrong credentials and a collection that is gone end the job; all else is tried again.
 */
package io.github.flinksplade.connector.qdrant;
