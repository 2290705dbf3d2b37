/** The demo, and the documents that it indexes. */
package io.github.flinksplade.app.demo;
