/**
 * {@code pinecone:INDEX?namespace=NAMESPACE}: a namespace of a Pinecone index, written and searched
 * through Pinecone's own Java client.
 *
 * <p><b>What is created.</b> The index, if there is none: serverless, for sparse vectors, metric
 * dotproduct; with {@code dense=FIELD} one for dense vectors that holds sparse ones beside them. A
 * record {@code NAMESPACE} in its namespace {@code flink-splade} says what made the vectors.
 *
 * <p><b>A record.</b> The document's id; its terms as sparse values, float32 as they are, the 2,048
 * largest where there are more (counted in the metric {@code droppedTerms}); as metadata its text,
 * its version in {@code _version}, and its fields as {@link
 * io.github.flinksplade.connector.pinecone.PineconeMetadata} has it. A document without terms
 * cannot be held by a sparse index: whatever is there under its id is deleted. A dense one holds
 * it.
 *
 * <p><b>Order.</b> Pinecone has no conditional writes: what comes last stays. The job sends one
 * change of an id at a time, in order. While changes since the last checkpoint are sent again after
 * a failure, an older text may show, and a deleted document; when the job has caught up, it does
 * not. A call that timed out ({@code request-timeout}) and is carried out by Pinecone after later
 * changes would undo these; nothing keeps that from happening.
 *
 * <p><b>Search is exact</b> over the candidates that Pinecone finds: their weights are fetched, and
 * the order of hits is that of the exact scores. There is no search by idf.
 *
 * <p>{@link io.github.flinksplade.connector.pinecone.PineconeIndexConnection} says how the client
 * is used, {@link io.github.flinksplade.connector.pinecone.PineconeFailureClassifier} what its
 * answers mean, and {@link io.github.flinksplade.connector.pinecone.PineconeLimits} what Pinecone
 * takes.
 */
package io.github.flinksplade.connector.pinecone;
