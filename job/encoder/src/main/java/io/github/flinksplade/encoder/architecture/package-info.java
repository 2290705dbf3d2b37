/**
 * Writes the graph of a masked language model from its {@code config.json} and its weights in
 * safetensors files, for models that are published without an ONNX file.
 */
package io.github.flinksplade.encoder.architecture;
