package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.internal.VerifyTopology;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Compares an index with its sources, without encoding. The documents of the index are read first,
 * and hashes of them become keyed state; then the sources are read, with the rules of the change
 * detector, so that the last document of each id is the one that a job would have written. What the
 * job needs beyond the state backend does not depend on the number of documents.
 *
 * <p>The result is in accumulators: {@link Differences#NAME}, {@link Notices#NAME} with the records
 * that the job rejects, and the counters named here.
 */
public final class VerifyJob {

    /** Documents in the sources that are not deleted: their number. */
    public static final String SOURCE_DOCUMENTS = "sourceDocuments";

    /** Records in the index: documents and passages. */
    public static final String INDEX_RECORDS = "indexRecords";

    /** Records of the index read so far, of which later ones of a log may replace others. */
    public static final String INDEX_READ = "indexRead";

    /** Records without a stored text, whose document has a version, which was compared. */
    public static final String VERSION_ONLY = "versionOnly";

    /** Records without a stored text, whose document has no version. */
    public static final String NOT_COMPARED = "notCompared";

    /** Records without stored fields. */
    public static final String FIELDS_NOT_COMPARED = "fieldsNotCompared";

    /** Documents that differ and whose last change is in the dead-letter queue. */
    public static final String DEAD_LETTERS = "differingDeadLetters";

    /** Documents that differ and of which the job has not read the last change. */
    public static final String UNREAD = "differingUnread";

    private VerifyJob() {}

    /**
     * Adds the job to the environment, which the caller executes: without checkpoints, and with a
     * state backend that is not limited by memory. Disables generic types and generated uids, and
     * enables object reuse.
     */
    public static void define(StreamExecutionEnvironment env, VerifyDefinition definition) {
        VerifyTopology.define(env, definition);
    }

    /** Identifies a record by its position and content. */
    public static long hash(SourceRecord record) {
        return VerifyTopology.hash(record);
    }
}
