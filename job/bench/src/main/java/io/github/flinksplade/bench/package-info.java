/**
 * The benchmarks of the product, {@link io.github.flinksplade.bench.EncodeBenchmark} and {@link
 * io.github.flinksplade.bench.JobBenchmark}, and models with random weights to run them with
 * ({@link io.github.flinksplade.bench.SyntheticModelProvider}).
 */
package io.github.flinksplade.bench;
