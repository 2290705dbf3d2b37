/**
 * What every target must do, as a test: {@link
 * io.github.flinksplade.connector.contract.SinkContract} is extended by one class in each connector
 * module. It writes through the same operators as a job does ({@link
 * io.github.flinksplade.connector.contract.Writing}), checkpoint by checkpoint, fails where a job
 * could fail, and compares what the target then holds with what the corpus says: by id, and by
 * weight within the target's own precision.
 */
package io.github.flinksplade.connector.contract;
