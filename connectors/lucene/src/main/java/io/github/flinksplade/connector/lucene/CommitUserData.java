package io.github.flinksplade.connector.lucene;

import io.github.flinksplade.connector.Provenance;
import java.util.HashMap;
import java.util.Map;

/**
 * The user data of a commit: the provenance of the vectors and the identity of the commit.
 *
 * @param provenance the encoder of the vectors
 * @param point identifies the commit
 */
record CommitUserData(Provenance provenance, Bm25 bm25, CommitPoint point) {

    /** Version of the document schema. Other versions are rejected. */
    static final String FORMAT = "2";

    static final String FORMAT_KEY = "flink-splade.format";
    static final String CHECKPOINT_KEY = "flink.checkpoint";
    private static final String BM25_KEY = "flink-splade.bm25";
    private static final String NAME_KEY = "flink-splade.commit";
    private static final String PROVENANCE_PREFIX = "flink-splade.";

    Map<String, String> toMap() {
        Map<String, String> map = new HashMap<>();
        provenance.toMap().forEach((name, value) -> map.put(PROVENANCE_PREFIX + name, value));
        map.put(FORMAT_KEY, FORMAT);
        map.put(BM25_KEY, bm25.name());
        map.put(CHECKPOINT_KEY, Long.toString(point.checkpointId()));
        map.put(NAME_KEY, point.name());
        return map;
    }

    /** The inverse; throws {@link NumberFormatException} or ConnectorException on other data. */
    static CommitUserData fromMap(Map<String, String> map) {
        Map<String, String> parts = new HashMap<>();
        map.forEach(
                (name, value) -> {
                    if (name.startsWith(PROVENANCE_PREFIX)) {
                        parts.put(name.substring(PROVENANCE_PREFIX.length()), value);
                    }
                });
        return new CommitUserData(
                Provenance.fromMap(parts),
                Bm25.valueOf(map.getOrDefault(BM25_KEY, Bm25.NONE.name())),
                new CommitPoint(
                        Long.parseLong(map.getOrDefault(CHECKPOINT_KEY, "0")),
                        map.getOrDefault(NAME_KEY, "")));
    }
}
