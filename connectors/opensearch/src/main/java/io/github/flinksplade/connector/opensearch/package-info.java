/**
 * {@code opensearch://HOST:9200/INDEX} and {@code elasticsearch://HOST:9200/INDEX}: an index of
 * OpenSearch (2 and 3) or Elasticsearch (from 8.15), over the REST interface that both have.
 *
 * <p><b>What is created.</b> An index with {@code dynamic: false}, and what made its vectors in the
 * mapping's {@code _meta.flink_splade}. The document's {@code _id} is the id. Fields: {@code id}
 * (keyword), {@code vector} ({@code rank_features} in OpenSearch, {@code sparse_vector} in
 * Elasticsearch, or what the option {@code type} says), {@code weights} (in {@code _source} only:
 * {@code indices} and {@code values}, ids of terms and exact weights), {@code text} (text), {@code
 * fields} (the document's other fields, in {@code _source}; not searchable until the mapping of one
 * is added), {@code tokens}, {@code truncated}, {@code encoder} (fingerprint). A document without
 * terms has no {@code vector} and is held all the same. Shards, replicas, analyzers and mappings of
 * fields come from an index template, if there is one for the name.
 *
 * <p><b>Precision.</b> {@code vector} keeps 9 significant bits of a weight, for the server's own
 * scores; {@code weights} keeps the float32 itself, and {@link
 * io.github.flinksplade.connector.SearchIndex} scores with it. OpenSearch's {@code sparse_vector}
 * (from 3.3) keeps 8 bits below a ceiling and finds approximately.
 *
 * <p><b>Names of terms.</b> {@code terms=token} names a feature by the term as the tokenizer writes
 * it, so that others can query with tokens; the list of all is kept in {@code _meta}. {@code
 * terms=id} names it by its id. See {@link
 * io.github.flinksplade.connector.opensearch.FeatureNames}.
 *
 * <p><b>Order.</b> The server compares external versions ({@code external_gte}), which are {@link
 * io.github.flinksplade.connector.VectorRecord#order()}: a higher one it holds stays, and ours is
 * superseded; an equal one is a replay and written again. A delete without version is one of the
 * version that is held.
 *
 * <p><b>Deletes are remembered for a time.</b> A server forgets the version of a deleted document
 * after {@code index.gc_deletes}, which is set to 7 days (option {@code gc-deletes}); and it
 * forgets it, whatever is set, when a shard is opened anew from a commit that has the delete (a
 * node restarts, the shard moves, the index is closed). After that only the job's own order guard
 * keeps an older upsert from bringing the document back.
 *
 * <p><b>The index must stay.</b> These servers create an index that is written to and not there,
 * with fields of their own guess. So the client looks before each batch whether the index is the
 * one it began with, and the job fails if it is not.
 *
 * <p><b>Limits.</b> An id of at most 512 bytes. No empty name, no name of dots only and none with a
 * dot at either end among the {@code fields}: the server refuses such a document, which becomes a
 * dead letter.
 *
 * <p><b>Routing.</b> {@code routing=/} puts documents whose ids are alike up to the first slash on
 * one shard. A routing value comes from the id only, because a delete carries no more.
 */
package io.github.flinksplade.connector.opensearch;
