/**
 * Small helpers for input and output: lines of UTF-8, JSON on one line, directory trees, Flink's
 * file systems.
 */
package io.github.flinksplade.app.io;
