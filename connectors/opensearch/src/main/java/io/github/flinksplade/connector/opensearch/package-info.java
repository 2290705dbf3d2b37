/**
 * {@code opensearch://HOST:9200/INDEX} and {@code elasticsearch://HOST:9200/INDEX}: an index of
 * OpenSearch (2 and 3) or Elasticsearch (8.15 and later), through the REST API that both share.
 *
 * <p><b>The index.</b> It is created with {@code dynamic: false} and the provenance of its vectors
 * in the mapping's {@code _meta.flink_splade}. A document's {@code _id} is its id. Its fields are
 * {@code id} (keyword), {@code vector} ({@code rank_features} in OpenSearch, {@code sparse_vector}
 * in Elasticsearch, or the option {@code type}), {@code weights} (in {@code _source} only: {@code
 * indices} and {@code values}, the ids and exact weights of terms), {@code text} (text), {@code
 * fields} (the document's other fields, in {@code _source}; they can be searched once their mapping
 * is added), {@code field_values} (keyword: each of their values, for filters), {@code tokens},
 * {@code truncated} and {@code encoder} (fingerprint). A document without terms is stored without
 * {@code vector}. Shards, replicas, analyzers and mappings of fields come from a matching index
 * template.
 *
 * <p><b>Precision.</b> {@code vector} stores 9 significant bits of a weight, for the server's own
 * scores; {@code weights} stores the float32 exactly, and {@link
 * io.github.flinksplade.connector.SearchIndex} computes scores from it. OpenSearch's {@code
 * sparse_vector} (from 3.3) stores 8 bits below a ceiling and is searched approximately.
 *
 * <p><b>Names of terms.</b> With {@code terms=token} a feature has the name of the term as the
 * tokenizer writes it, so that other clients can query with tokens; {@code _meta} contains the list
 * of all names. With {@code terms=id} its name is the term's id. See {@link
 * io.github.flinksplade.connector.opensearch.FeatureNames}.
 *
 * <p><b>Order.</b> The server compares external versions ({@code external_gte}), which are {@link
 * io.github.flinksplade.connector.VectorRecord#order()}: a change below the stored version is
 * superseded; an equal one is a replay and is written again. A delete without a version is sent
 * with the stored version.
 *
 * <p><b>Deletes are remembered for a limited time.</b> A server forgets the version of a deleted
 * document after {@code index.gc_deletes}, which is set to 7 days (option {@code gc-deletes}), and
 * regardless of that setting when a shard is opened from a commit that contains the delete (a node
 * restarts, the shard moves, the index is closed). After that, only the job's own sequencer
 * prevents an older upsert from restoring the document.
 *
 * <p><b>The index must exist.</b> These servers create a missing index when a document is written
 * to it, with a mapping of their own. The client therefore checks before each batch that the index
 * is still the one of the first batch, and the job fails if it is not.
 *
 * <p><b>Limits.</b> An id has at most 512 bytes. The server rejects documents whose {@code fields}
 * contain an empty name, a name of dots only, or a name with a dot at either end; they become dead
 * letters.
 *
 * <p><b>Routing.</b> {@code routing=/} stores documents whose ids are equal up to the first slash
 * on one shard. The routing value is derived from the id alone, because a delete carries nothing
 * else.
 *
 * <p><b>Client library.</b> The connector uses {@link
 * io.github.flinksplade.connector.http.JsonConnection}, not opensearch-java or elasticsearch-java.
 * Each of these is for one product only, while the few requests used here are the same for both;
 * each brings dozens of dependencies; and neither has a deadline that covers the response body. The
 * job already provides batches, retries and backoff ({@link
 * io.github.flinksplade.connector.BatchSink}).
 */
package io.github.flinksplade.connector.opensearch;
