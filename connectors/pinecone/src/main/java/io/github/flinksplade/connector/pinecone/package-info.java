/**
 * {@code pinecone:INDEX?namespace=NAMESPACE}: a namespace of a Pinecone index.
 *
 * <p><b>The index.</b> A missing index is created: serverless, for sparse vectors, with the metric
 * dotproduct; with {@code dense=FIELD} for dense vectors with additional sparse ones. A record
 * {@code NAMESPACE} in its namespace {@code flink-splade} contains the provenance of the vectors.
 *
 * <p><b>A record.</b> Its id is the document's id, and its sparse values are the terms with exact
 * float32 weights, the 2,048 largest if there are more (the metric {@code droppedTerms} counts the
 * others). Its metadata contains the text, the version in {@code _version}, and the fields in the
 * format of {@link io.github.flinksplade.connector.pinecone.PineconeMetadata}. A sparse index
 * cannot store a document without terms, so the record of its id is deleted; a dense index stores
 * it.
 *
 * <p><b>Order.</b> Pinecone has no conditional writes: the last write wins. The job sends one
 * change of an id at a time, in order. While changes since the last checkpoint are written again
 * after a failure, a search may return older texts and deleted documents; afterwards it does not. A
 * request that timed out ({@code request-timeout}) and that Pinecone executes after later changes
 * would undo these; nothing prevents that.
 *
 * <p><b>Search</b> is exact among the candidates that Pinecone finds: their weights are fetched,
 * and hits are ordered by exact scores. Idf is not supported.
 *
 * <p><b>Client library.</b> The connector uses Pinecone's own Java client, which contains the
 * generated classes of both interfaces: HTTP of the control plane and gRPC of an index. {@link
 * io.github.flinksplade.connector.pinecone.PineconeConnection} states which parts of it are not
 * used and why, {@link io.github.flinksplade.connector.pinecone.PineconeFailureClassifier}
 * interprets its exceptions, and {@link io.github.flinksplade.connector.pinecone.PineconeLimits}
 * contains the limits of Pinecone.
 */
package io.github.flinksplade.connector.pinecone;
