/**
 * Runs rewritten graphs with ONNX Runtime, on a CPU or an NVIDIA GPU: sessions and their options,
 * the choice of a device, the engine that turns batches of tokens into sparse vectors, and the
 * self-check of a newly opened model.
 */
package io.github.flinksplade.encoder.onnxruntime;
