/**
 * From settings to a {@link io.github.flinksplade.pipeline.JobDefinition}, both for a local run and
 * for a cluster: opens and checks the connectors, and waits for unavailable servers.
 */
package io.github.flinksplade.app.job;
