/**
 * Commits what a job that is down wrote before its newest checkpoint: {@link
 * io.github.flinksplade.app.finish.CheckpointDirectory} finds the checkpoint, and {@link
 * io.github.flinksplade.app.finish.JobFinish} commits what the connectors find in it.
 */
package io.github.flinksplade.app.finish;
