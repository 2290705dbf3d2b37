/**
 * Reads, inspects and rewrites ONNX graphs. {@link io.github.flinksplade.encoder.graph.OnnxFile}
 * memory-maps a model, {@link io.github.flinksplade.encoder.graph.GraphIndex} finds the node that
 * produces a value, and every rewrite is one class named after what it does, such as {@link
 * io.github.flinksplade.encoder.graph.MaxPoolInGraph} or {@link
 * io.github.flinksplade.encoder.graph.FuseAttention}. Nothing here runs a graph.
 */
package io.github.flinksplade.encoder.graph;
