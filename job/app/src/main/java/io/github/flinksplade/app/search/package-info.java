/** Queries as text to an index, with the model that encoded its documents. */
package io.github.flinksplade.app.search;
