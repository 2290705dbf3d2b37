/**
 * The connector to copy: a batch sink that keeps each document in a file of its own, in a folder
 * that stands for a server. It passes the contract of all sinks and is part of no distribution;
 * CONTRIBUTING.md says how to make another connector of it.
 *
 * <p>The folder contains {@code provenance.json} and a file {@code <SHA-256 of the id>.json} per
 * id: the newest change as {@link io.github.flinksplade.connector.VectorJson} writes it. A delete
 * stays as a file, so that no older upsert brings the document back.
 */
package io.github.flinksplade.connector.example;
