/**
 * The job: documents in, changes for the targets out, each exactly once and in order.
 *
 * <p>{@link io.github.flinksplade.pipeline.SpladeJob#define} lays the operators, from a {@link
 * io.github.flinksplade.pipeline.JobDefinition}:
 *
 * <ol>
 *   <li><b>parse</b>, one for each source: bytes become a {@link
 *       io.github.flinksplade.pipeline.Document} or a dead letter ({@link
 *       io.github.flinksplade.pipeline.DocumentParser}).
 *   <li><b>gate</b>, keyed by id: gives every change its version, and lets nothing pass that
 *       repeats what passed last. A change of fields alone needs no inference.
 *   <li><b>encode</b>: texts go into the queue of the one engine that all subtasks of a process
 *       share, and come back with their vectors, in order. What needs no inference waits its turn
 *       here too.
 *   <li><b>guard</b>, keyed by id again: sends each change once and in the gate's order, which a
 *       restart with another parallelism would else upset. Where the gate saw only fields change,
 *       it adds the vector it sent last.
 *   <li><b>check</b> and <b>target</b>, one of each for each target: what the target can never
 *       accept becomes a dead letter, the rest goes to its sink.
 *   <li><b>notices</b>: lists dead letters by reason, with what else the user should know, and
 *       fails the job that has too many ({@link io.github.flinksplade.pipeline.Notices}, {@link
 *       io.github.flinksplade.pipeline.MaxDeadLetters}).
 *   <li><b>dead-letters</b>: what could not be parsed, encoded or accepted, in its original bytes.
 * </ol>
 *
 * <p>A version is a document's own, or a number that the gate gives: microseconds of the clock, and
 * more than the last. The two kinds are never mixed for one id. Of two upserts with the same
 * version of their own the first counts; a delete beats an upsert of its version.
 */
package io.github.flinksplade.pipeline;
