package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.Operation;

/**
 * The parts of a document.
 *
 * @param id never empty
 * @param text null for a delete
 * @param fields a JSON object; null for a delete
 * @param version null without one
 */
public record MappedDocument(
        String id, Operation operation, String text, String fields, Long version) {}
