package io.github.flinksplade.connector.pinecone;

/** Pinecone's limits, as published in its pages on operation and identifier limits (2026). */
final class PineconeLimits {

    /** Max number of records in an upsert, and of ids in a delete. */
    static final int RECORDS = 1_000;

    /** Max size of an upsert's records; published as "2 MB", minus the namespace's name. */
    static final long UPSERT_BYTES = 2_000_000 - 1_000;

    /** Max number of terms in a sparse vector. */
    static final int TERMS = 2_048;

    /** Max size of a record's metadata; published as "40 KB", and as this number in errors. */
    static final int METADATA_BYTES = 40_960;

    /** Max number of characters in an id; all of them must be ASCII. */
    static final int ID_LENGTH = 512;

    /** Max number of hits of a query without values and metadata. */
    static final int HITS = 10_000;

    private PineconeLimits() {}
}
