/**
 * The interface between batching and inference: an {@link
 * io.github.flinksplade.encoder.engine.Engine} turns a batch of token sequences into sparse
 * vectors. Batching depends on nothing else, so tests run it with their own engine.
 */
package io.github.flinksplade.encoder.engine;
