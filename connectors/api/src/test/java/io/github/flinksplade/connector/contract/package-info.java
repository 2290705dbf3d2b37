/**
 * The contract of all sinks, as tests: one class of each connector module extends {@link
 * io.github.flinksplade.connector.contract.SinkContract}. The tests are in one interface per
 * subject, such as {@link io.github.flinksplade.connector.contract.ReplayContract}. They write with
 * the same operators as a job ({@link io.github.flinksplade.connector.contract.SinkTestHarness}),
 * checkpoint by checkpoint, fail where a job can fail, and compare the stored documents with the
 * expected ones ({@link io.github.flinksplade.connector.contract.Corpus}): by id, and by weight
 * within the precision of the target.
 */
package io.github.flinksplade.connector.contract;
