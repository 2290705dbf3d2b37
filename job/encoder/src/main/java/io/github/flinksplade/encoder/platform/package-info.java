/**
 * What the encoder needs of the machine it runs on: files that appear completely or not at all, the
 * causes of I/O errors in words, and native libraries.
 */
package io.github.flinksplade.encoder.platform;
