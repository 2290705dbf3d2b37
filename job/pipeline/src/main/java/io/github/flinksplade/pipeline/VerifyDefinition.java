package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import java.util.List;
import java.util.Objects;

/**
 * A comparison of an index with its sources.
 *
 * @param sources where documents are read from, from the beginning; bounded, at least one
 * @param unread the same sources from the positions up to which the job that writes the index has
 *     read them, named as in the state of that job; empty if that state is not used
 * @param index the documents of the index
 * @param encoder the fingerprint that the vectors must have
 * @param rejected {@linkplain VerifyJob#hash hashes} of the records that the job sent to the
 *     dead-letter queue, ascending
 * @param maxRecordBytes see {@link PipelineOptions#maxRecordBytes()}
 * @param maxDifferences the max number of differences to list
 */
public record VerifyDefinition(
        List<NamedSource> sources,
        List<NamedSource> unread,
        IndexedDocuments index,
        String encoder,
        long[] rejected,
        long maxRecordBytes,
        int maxDifferences) {

    public VerifyDefinition {
        sources = List.copyOf(sources);
        unread = List.copyOf(unread);
        Objects.requireNonNull(index, "index");
        Objects.requireNonNull(encoder, "encoder");
    }
}
