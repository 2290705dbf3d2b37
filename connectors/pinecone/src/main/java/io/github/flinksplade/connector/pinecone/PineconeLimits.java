package io.github.flinksplade.connector.pinecone;

/**
 * What Pinecone takes, as published in its pages on operation limits and identifier limits (2026).
 */
final class PineconeLimits {

    /** Records in an upsert, ids in a delete. */
    static final int RECORDS = 1_000;

    /** Bytes of an upsert's records; published as "2 MB", less what the namespace's name takes. */
    static final long UPSERT_BYTES = 2_000_000 - 1_000;

    /** Terms of a sparse vector. */
    static final int TERMS = 2_048;

    /** Bytes of a record's metadata; published as "40 KB", and as this number in the refusal. */
    static final int METADATA_BYTES = 40_960;

    /** Characters of an id, all of them ASCII. */
    static final int ID_LENGTH = 512;

    /** Hits of a query that asks for neither values nor metadata. */
    static final int HITS = 10_000;

    private PineconeLimits() {}
}
