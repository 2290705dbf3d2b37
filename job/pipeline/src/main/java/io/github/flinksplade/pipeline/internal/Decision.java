package io.github.flinksplade.pipeline.internal;

/** What the change detector does with a document; see {@link ChangeRules#decide}. */
sealed interface Decision {

    /**
     * Sends the document to the dead-letter queue: some documents of its id have a version and
     * others have none.
     */
    record RejectMixedVersions() implements Decision {}

    /** Drops the document: a newer one was accepted before. */
    record DropSuperseded() implements Decision {}

    /**
     * Drops and reports the document: one of the same version and with other content was accepted
     * before.
     */
    record DropEqualVersion(long version) implements Decision {}

    /**
     * Skips the document: it repeats the last one.
     *
     * @param next the new state, with the version of the document; null if that is not new
     */
    record Skip(ChangeDetectorState next) implements Decision {}

    /**
     * Emits a change.
     *
     * @param next the new state
     */
    record Emit(Change change, Reason reason, ChangeDetectorState next) implements Decision {}

    /** Why a change is emitted. */
    enum Reason {
        /** The document is new, or its text or encoder has changed, or it is deleted. */
        CHANGED,
        /** Only other fields have changed, so the vector is reused. */
        FIELDS_CHANGED,
        /** A delete of an id without a known document. */
        UNKNOWN_DELETED,
        /** It repeats the last one, but a new sink, a replay, an option or the encoder needs it. */
        REINDEXED
    }
}
