/**
 * A template for connectors: a batch sink that writes each document to its own file, in a folder
 * that takes the place of a server. It passes the contract test of all sinks and is not part of the
 * distribution. CONTRIBUTING.md explains how to turn a copy of it into another connector.
 *
 * <p>The folder contains {@code provenance.json} and a file {@code <SHA-256 of the id>.json} per
 * id: the newest change as {@link io.github.flinksplade.connector.VectorJson} writes it. A delete
 * remains as a file, so that no older upsert restores the document.
 */
package io.github.flinksplade.connector.example;
