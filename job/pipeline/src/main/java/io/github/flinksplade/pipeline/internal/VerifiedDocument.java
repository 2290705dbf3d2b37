package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Document;

/**
 * A document of a source on its way to the comparison.
 *
 * @param unread whether it is not compared, but marks that the job has not read it yet
 */
public record VerifiedDocument(Document document, boolean unread) {

    String id() {
        return document.id();
    }
}
