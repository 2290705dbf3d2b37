/**
 * Benchmarks for the development of flink-splade, which are not part of its distribution: {@code
 * bench pipeline}, which measures everything but inference on a real Kafka broker; {@code bench
 * sinks}; and {@code bench device}, which checks a GPU. The launcher of a checkout runs them
 * through {@link io.github.flinksplade.benchmarks.BenchmarksMain}.
 */
package io.github.flinksplade.benchmarks;
