/**
 * The interfaces that a connector implements, and the records that it exchanges with the job.
 *
 * <h2>Write a connector</h2>
 *
 * <p>A connector is a jar with one class that implements {@link
 * io.github.flinksplade.connector.Connector} and is named in {@code
 * META-INF/services/io.github.flinksplade.connector.Connector}. It has a URI scheme, and supports
 * any of six roles:
 *
 * <ul>
 *   <li>a {@link io.github.flinksplade.connector.DocumentSource} emits {@link
 *       io.github.flinksplade.connector.SourceRecord}s: bytes and their position. The job parses
 *       them, so that all sources accept and reject the same documents;
 *   <li>a {@link io.github.flinksplade.connector.VectorSink} writes {@link
 *       io.github.flinksplade.connector.VectorRecord}s to an index, a collection, a topic or files;
 *   <li>a {@link io.github.flinksplade.connector.DeadLetterQueue} stores records that could not be
 *       parsed, encoded or written;
 *   <li>a {@link io.github.flinksplade.connector.SearchIndex} searches the written vectors;
 *   <li>a {@link io.github.flinksplade.connector.VectorSource} reads them, to copy them to another
 *       target;
 *   <li>{@link io.github.flinksplade.connector.IndexedDocuments} are what is stored next to them,
 *       to be compared with the source.
 * </ul>
 *
 * <p>The connector reads the location and the options of a {@link
 * io.github.flinksplade.connector.ConnectorUri}. It declares each option as a {@link
 * io.github.flinksplade.connector.ConnectorOption} and rejects unknown ones. Credentials and
 * certificates come from {@link io.github.flinksplade.connector.ConnectionSettings}. An invalid
 * configuration is a {@link io.github.flinksplade.connector.ConnectorException}, whose message
 * states what is wrong, the value and what to do; a server that does not respond is an {@link
 * io.github.flinksplade.connector.UnreachableException}.
 *
 * <h2>Write a sink</h2>
 *
 * <p>Creating a {@code VectorSink} contacts no server. {@link
 * io.github.flinksplade.connector.VectorSink#prepare} does: it checks the target, creates it if
 * {@link io.github.flinksplade.connector.StartMode} allows that, and returns a sink that is
 * serialized into the job. There are two kinds:
 *
 * <ul>
 *   <li>For a server, a {@link io.github.flinksplade.connector.BatchSink}. Its {@link
 *       io.github.flinksplade.connector.BatchClient} converts changes to requests and sends one
 *       batch; the job forms the batches, retries, and waits for the responses before each
 *       checkpoint. Return an {@link io.github.flinksplade.connector.Outcome} for each change, or
 *       fail the batch with the exception that {@link
 *       io.github.flinksplade.connector.BatchClient#send} lists.
 *   <li>For a target that commits with Flink's checkpoints (a Kafka transaction, files), a {@link
 *       io.github.flinksplade.connector.FlinkSink}.
 * </ul>
 *
 * <p>Every sink guarantees the following, whatever its target is:
 *
 * <ol>
 *   <li>Writing a change that the target contains already (same id and version) succeeds. If the
 *       target contains a newer change of the id, this one is superseded: it is dropped and
 *       counted, which is not an error. Any other failure concerns only this change.
 *   <li>An older upsert that arrives after a delete does not restore the document.
 *   <li>A rejected change does not affect the other changes of its batch. It becomes a {@link
 *       io.github.flinksplade.connector.DeadLetter}, through {@link
 *       io.github.flinksplade.connector.PreparedSink#rejection} if it can be known beforehand, or
 *       through the {@code Outcome} if only the server knows.
 *   <li>A target that contains vectors of another encoder is rejected at the start ({@link
 *       io.github.flinksplade.connector.SinkContext#requireSameEncoder}).
 *   <li>A target that was deleted is not recreated by a job that resumes ({@link
 *       io.github.flinksplade.connector.StartMode#requireMayCreate}).
 * </ol>
 *
 * <p>Some targets cannot provide all of these guarantees alone, such as a log, which does not
 * compare versions. The job's sequencer then provides them, and the documentation of the connector
 * states so.
 *
 * <h2>Test it</h2>
 *
 * <p>Extend {@code SinkContract} of this module's test-jar with one class. It tests all guarantees
 * with replays, reordered changes, rejections, outages and searches.
 *
 * <p>All records are flat public Java records, so that Flink serializes them as POJOs, with schema
 * evolution and without Kryo. Types annotated with {@link
 * org.apache.flink.annotation.PublicEvolving} may change in a minor release; those with {@link
 * org.apache.flink.annotation.Internal} may change at any time, and connectors do not use them.
 */
package io.github.flinksplade.connector;
