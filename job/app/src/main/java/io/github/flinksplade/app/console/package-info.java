/**
 * What a command shows to the user and to the shell: results on standard output, messages and
 * progress on standard error, one sentence for a failure, and an exit code.
 */
package io.github.flinksplade.app.console;
