/**
 * Downloads models from a Hugging Face hub into the cache that all of the hub's tools share. The
 * Java clients of the hub that exist neither resume downloads nor use that cache layout, so this is
 * written against the documented HTTP API.
 */
package io.github.flinksplade.encoder.hub;
