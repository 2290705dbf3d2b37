/** Small helpers for input and output: lines of UTF-8, JSON on one line, directory trees. */
package io.github.flinksplade.app.io;
