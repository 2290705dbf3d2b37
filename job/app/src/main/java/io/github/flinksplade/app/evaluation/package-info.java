/** Evaluates indexes that jobs build on this machine. */
package io.github.flinksplade.app.evaluation;
