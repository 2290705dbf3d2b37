/**
 * A job on a Flink cluster, which provides the checkpoint storage, the state backend, the restart
 * strategy and the parallelism.
 */
package io.github.flinksplade.app.cluster;
