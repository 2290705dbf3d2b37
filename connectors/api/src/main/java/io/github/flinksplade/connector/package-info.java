/**
 * Where documents come from and where vectors go: the records that cross the job's borders and the
 * interfaces a connector implements.
 *
 * <p>A connector is one class that implements {@link io.github.flinksplade.connector.Connector} and
 * is named in {@code META-INF/services/io.github.flinksplade.connector.Connector}. It answers to
 * one URI scheme and offers any of five things:
 *
 * <ul>
 *   <li>a {@link io.github.flinksplade.connector.DocumentSource}, which yields {@link
 *       io.github.flinksplade.connector.SourceRecord}s, bytes as they were read with their
 *       position; the job parses them, so that every source refuses bad input alike;
 *   <li>a {@link io.github.flinksplade.connector.VectorSink}, which prepares a sink for {@link
 *       io.github.flinksplade.connector.VectorRecord}s: a Flink sink ({@link
 *       io.github.flinksplade.connector.FlinkSink}) or batches to a server ({@link
 *       io.github.flinksplade.connector.BatchSink});
 *   <li>a {@link io.github.flinksplade.connector.DeadLetterQueue} for records that could not be
 *       parsed, encoded or accepted;
 *   <li>a {@link io.github.flinksplade.connector.SearchIndex} that answers queries over what the
 *       target holds;
 *   <li>a {@link io.github.flinksplade.connector.VectorSource}, from which what the target holds is
 *       copied to another.
 * </ul>
 *
 * <p>What a target must promise, whatever it is:
 *
 * <ol>
 *   <li>Writing a record again that it already holds (same id and version) is success. Holding a
 *       newer version makes ours superseded: dropped and counted, not an error. Anything else is
 *       that one record's error.
 *   <li>A delete is not undone by an older upsert that arrives later.
 *   <li>One record refused never takes its neighbours with it: it leaves as a {@link
 *       io.github.flinksplade.connector.DeadLetter}, known beforehand through {@link
 *       io.github.flinksplade.connector.PreparedSink#rejection} or, where only the server can tell,
 *       through the {@link io.github.flinksplade.connector.Outcome} of its batch.
 *   <li>A target that holds vectors of another encoder is refused at start-up, with the way out.
 * </ol>
 *
 * <p>The records are flat public Java records, so that Flink serialises them as POJOs, with schema
 * evolution and without Kryo.
 */
package io.github.flinksplade.connector;
