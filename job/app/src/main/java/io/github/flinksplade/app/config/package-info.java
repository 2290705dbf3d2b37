/**
 * The settings of a job. The command line, the job file and the reference page in the documentation
 * are all generated from the one table of {@link io.github.flinksplade.app.config.JobSettings}.
 */
package io.github.flinksplade.app.config;
