/**
 * Sparse vectors and their representations: {@link io.github.flinksplade.vector.SparseVector}, its
 * bytes ({@link io.github.flinksplade.vector.VectorCodec}) and its text ({@link
 * io.github.flinksplade.vector.VectorFormat}). The encoder and the connectors build on it; it
 * depends on neither.
 */
package io.github.flinksplade.vector;
