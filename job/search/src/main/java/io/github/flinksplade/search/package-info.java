/** Searches an index with queries that are texts, encoded by the model of its documents. */
package io.github.flinksplade.search;
