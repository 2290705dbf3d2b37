/**
 * The commands and their options. {@link io.github.flinksplade.app.cli.RootCommand} parses a
 * command line and turns every failure into one message and an exit code; each command is one class
 * named after it. Neither Flink nor the model is loaded before a command needs it, so that {@code
 * --help} is quick.
 */
package io.github.flinksplade.app.cli;
