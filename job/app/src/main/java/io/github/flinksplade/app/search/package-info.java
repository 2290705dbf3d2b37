/** Searches on the command line. */
package io.github.flinksplade.app.search;
