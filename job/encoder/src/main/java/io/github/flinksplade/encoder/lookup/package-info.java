/**
 * Queries without inference: a query's vector contains its distinct tokens with weights from a
 * table, as in OpenSearch's {@code idf.json} or sentence-transformers' SparseStaticEmbedding.
 */
package io.github.flinksplade.encoder.lookup;
