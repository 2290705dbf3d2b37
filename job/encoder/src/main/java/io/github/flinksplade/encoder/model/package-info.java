/**
 * Finds the files of a model and keeps what is derived from them in the cache directory: their
 * SHA-256 digests, and graphs converted to another precision.
 */
package io.github.flinksplade.encoder.model;
