package io.github.flinksplade.pipeline.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.time.Duration;

/** Documents and options for tests. */
final class Documents {

    private Documents() {}

    static Document upsert(String id, String text) {
        return upsert(id, text, "{}", null);
    }

    static Document upsert(String id, String text, String fields, Long version) {
        return new Document(
                id, Operation.UPSERT, text, fields, version, false, origin(id + ":" + text));
    }

    static Document delete(String id) {
        return delete(id, null);
    }

    static Document delete(String id, Long version) {
        return new Document(id, Operation.DELETE, null, null, version, false, origin(id));
    }

    static Document replayed(Document document) {
        return new Document(
                document.id(),
                document.operation(),
                document.text(),
                document.fields(),
                document.version(),
                true,
                document.origin());
    }

    static SourceRecord origin(String value) {
        return SourceRecord.of("test", 0, null, value.getBytes(UTF_8));
    }

    static PipelineOptions options(boolean skipUnchanged, boolean reindex, boolean keepVectors) {
        return PipelineOptions.builder()
                .skipUnchanged(skipUnchanged)
                .reindex(reindex)
                .keepVectors(keepVectors)
                .build();
    }

    static PipelineOptions withTtl(Duration ttl) {
        return PipelineOptions.builder().stateTtl(ttl).build();
    }
}
