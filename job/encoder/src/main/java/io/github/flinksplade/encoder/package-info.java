/**
 * Text in, SPLADE sparse vectors out; a library that knows neither Flink nor any connector.
 *
 * <p>{@link io.github.flinksplade.encoder.SpladeEncoder#open} finds the model, reads its tokenizer,
 * rewrites its ONNX graph so that the maximum over the positions is taken inside it, and gives an
 * encoder that any number of threads may use. {@link io.github.flinksplade.encoder.MicroBatcher}
 * puts a queue in front of it for callers that have one text at a time and many of them.
 */
package io.github.flinksplade.encoder;
