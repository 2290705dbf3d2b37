/** Where models come from: any file system that Flink supports, and the caches of this machine. */
package io.github.flinksplade.app.model;
