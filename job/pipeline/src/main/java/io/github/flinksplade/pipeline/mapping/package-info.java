/**
 * How a document is read from a decoded record: which fields are its id, text, version and so on.
 * {@link io.github.flinksplade.pipeline.mapping.DocumentMapping} has the options, which every
 * source has.
 */
package io.github.flinksplade.pipeline.mapping;
