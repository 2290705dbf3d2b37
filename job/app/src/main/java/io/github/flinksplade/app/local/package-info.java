/**
 * A job in this JVM: {@link io.github.flinksplade.app.local.LocalRun} runs it in a Flink
 * MiniCluster, reports its progress, stops it on a signal and resumes it from the {@link
 * io.github.flinksplade.app.local.StateDirectory} of the last run.
 */
package io.github.flinksplade.app.local;
