/**
 * The program: its command line, its configuration, and the run on this machine.
 *
 * <p>{@link io.github.flinksplade.app.Main} reads the command line; each command is one class named
 * after it. A job's settings ({@link io.github.flinksplade.app.JobSettings}, one table that the
 * command line, the file and the reference page are made from) become a {@link
 * io.github.flinksplade.pipeline.JobDefinition}, which either {@link
 * io.github.flinksplade.app.LocalRun} runs in this JVM, with its state in a {@link
 * io.github.flinksplade.app.StateDirectory}, or {@link io.github.flinksplade.app.SpladeJobMain}
 * hands to the Flink cluster that it was submitted to.
 */
package io.github.flinksplade.app;
